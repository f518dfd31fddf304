import asyncio
import threading

import pytest

from service.http.encoder_pool import EncoderPool
from service.http.problems import Overloaded


async def let_others_run() -> None:
    """Let tasks that were created just now get as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_functions_run_in_threads_and_their_result_or_exception_comes_back() -> None:
    async def main() -> None:
        pool = EncoderPool(threads=2, queue=2)
        assert await pool.run(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await pool.run(lambda: 1 // 0)

    asyncio.run(main())


def test_no_more_functions_run_at_a_time_than_there_are_threads() -> None:
    async def main() -> None:
        pool, gate, running = EncoderPool(threads=2, queue=9), threading.Event(), threading.Semaphore(0)

        def work() -> bool:
            running.release()
            return gate.wait()

        waiting = [asyncio.create_task(pool.run(work)) for _ in range(5)]
        for _ in range(2):
            assert await asyncio.to_thread(running.acquire, timeout=10)
        assert not running.acquire(blocking=False)
        gate.set()
        assert await asyncio.gather(*waiting) == [True] * 5

    asyncio.run(main())


def test_a_full_queue_refuses_more_work_until_some_has_ended() -> None:
    async def main() -> None:
        pool, gate = EncoderPool(threads=1, queue=2), threading.Event()
        waiting = [asyncio.create_task(pool.run(gate.wait)) for _ in range(3)]
        await let_others_run()
        with pytest.raises(Overloaded, match="try again"):
            await pool.run(int)
        gate.set()
        assert await asyncio.gather(*waiting) == [True] * 3
        assert await pool.run(int) == 0

    asyncio.run(main())


def test_failed_and_cancelled_work_leaves_the_queue() -> None:
    async def main() -> None:
        pool, gate = EncoderPool(threads=1, queue=1), threading.Event()
        running = asyncio.create_task(pool.run(gate.wait))
        cancelled = asyncio.create_task(pool.run(gate.wait))
        await let_others_run()
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        gate.set()
        await running
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                await pool.run(lambda: 1 // 0)
        assert await asyncio.gather(*(pool.run(int) for _ in range(2))) == [0, 0]

    asyncio.run(main())


def test_the_bound_holds_for_requests_that_start_in_the_same_turn_of_the_loop() -> None:
    async def main() -> None:
        pool, gate = EncoderPool(threads=2, queue=3), threading.Event()
        waiting = [asyncio.create_task(pool.run(gate.wait)) for _ in range(50)]  # none has begun yet
        await let_others_run()
        refused = [one for one in waiting if one.done()]
        gate.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert len(refused) == 45
        assert all(isinstance(one.exception(), Overloaded) for one in refused)
        assert found.count(True) == 5
        assert await asyncio.gather(*(pool.run(int) for _ in range(5))) == [0] * 5

    asyncio.run(main())


def test_a_thread_is_there_before_the_first_work_comes() -> None:
    async def main() -> None:
        pool = EncoderPool(threads=1, queue=1)
        await pool.prepare()
        threads = threading.active_count()
        assert await pool.run(threading.active_count) == threads

    asyncio.run(main())
