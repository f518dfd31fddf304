import asyncio
import threading

import pytest

from service.http.problems import Overloaded
from service.http.encoder_pool import EncoderPool


def test_work_is_done_in_threads_and_its_result_or_failure_comes_back() -> None:
    async def main() -> None:
        pool = EncoderPool(threads=2, queue=2)
        assert await pool.run(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await pool.run(lambda: 1 // 0)
        pool.close()

    asyncio.run(main())


def test_a_full_line_refuses_more_work_and_a_place_is_free_again_when_work_ends() -> None:
    async def main() -> None:
        pool, gate = EncoderPool(threads=1, queue=2), threading.Event()
        waiting = [asyncio.create_task(pool.run(gate.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="try again"):
            await pool.run(int)
        gate.set()
        assert await asyncio.gather(*waiting) == [True] * 3
        assert await pool.run(int) == 0
        pool.close()

    asyncio.run(main())


def test_failed_and_abandoned_work_gives_its_place_back() -> None:
    async def main() -> None:
        pool, gate = EncoderPool(threads=1, queue=1), threading.Event()
        running = asyncio.create_task(pool.run(gate.wait))
        abandoned = asyncio.create_task(pool.run(gate.wait))
        await asyncio.sleep(0)
        abandoned.cancel()
        await asyncio.gather(abandoned, return_exceptions=True)
        gate.set()
        await running
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                await pool.run(lambda: 1 // 0)
        assert await asyncio.gather(*(pool.run(int) for _ in range(2))) == [0, 0]
        pool.close()

    asyncio.run(main())
