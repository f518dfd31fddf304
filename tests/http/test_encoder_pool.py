import asyncio
import threading

import pytest

from service.web.problems import Overloaded
from service.web.workshop import Workshop


def test_work_is_done_in_threads_and_its_result_or_failure_comes_back() -> None:
    async def main() -> None:
        workshop = Workshop(threads=2, backlog=2)
        assert await workshop.run(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await workshop.run(lambda: 1 // 0)
        workshop.close()

    asyncio.run(main())


def test_a_full_line_refuses_more_work_and_a_place_is_free_again_when_work_ends() -> None:
    async def main() -> None:
        workshop, gate = Workshop(threads=1, backlog=2), threading.Event()
        waiting = [asyncio.create_task(workshop.run(gate.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="try again"):
            await workshop.run(int)
        gate.set()
        assert await asyncio.gather(*waiting) == [True] * 3
        assert await workshop.run(int) == 0
        workshop.close()

    asyncio.run(main())


def test_failed_and_abandoned_work_gives_its_place_back() -> None:
    async def main() -> None:
        workshop, gate = Workshop(threads=1, backlog=1), threading.Event()
        running = asyncio.create_task(workshop.run(gate.wait))
        abandoned = asyncio.create_task(workshop.run(gate.wait))
        await asyncio.sleep(0)
        abandoned.cancel()
        await asyncio.gather(abandoned, return_exceptions=True)
        gate.set()
        await running
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                await workshop.run(lambda: 1 // 0)
        assert await asyncio.gather(*(workshop.run(int) for _ in range(2))) == [0, 0]
        workshop.close()

    asyncio.run(main())
