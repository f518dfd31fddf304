import asyncio
import errno
import os
import sys
import threading
import weakref
from collections.abc import Callable

import pytest

from service.cancellation import checkpoint
from service.http.background import ENOUGH, Background, Improvement
from service.http.encoder_pool import LONG, EncoderPool
from service.http.memory_budget import MemoryBudget
from service.http.priority import NICE
from service.http.problems import Overloaded
from tests.http.gate import Gate


async def let_others_run() -> None:
    """Let tasks that were created just now get as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


def refuse_priority(*_: int) -> None:
    """Refuse to change a priority, as some sandboxes do."""
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def test_functions_run_in_threads_and_their_result_or_exception_comes_back() -> None:
    async def main() -> None:
        pool = EncoderPool(threads=2, queue=2)
        assert await pool.run(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await pool.run(lambda: 1 // 0)

    asyncio.run(main())


def test_a_thread_does_not_hold_a_result_longer_than_those_who_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Large:
        pass

    async def main() -> None:
        loop, gate = asyncio.get_running_loop(), Gate()
        call = loop.call_soon_threadsafe

        def call_and_wait(callback: Callable[..., object], *arguments: object) -> object:
            handle = call(callback, *arguments)
            if threading.current_thread() is not threading.main_thread():
                gate.wait(10)  # as if this thread had lost the interpreter's lock
            return handle

        monkeypatch.setattr(loop, "call_soon_threadsafe", call_and_wait)
        held = weakref.ref(await EncoderPool(threads=1, queue=1).run(Large))
        await let_others_run()
        assert held() is None
        gate.set()

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, priorities are those of processes")
def test_the_event_loop_goes_first() -> None:
    async def main() -> None:
        own = os.getpriority(os.PRIO_PROCESS, 0)
        found: list[int] = []
        pool, background = EncoderPool(threads=2, queue=2), Background()
        for _ in range(ENOUGH):
            background.want(Improvement("key", lambda: found.append(os.getpriority(os.PRIO_PROCESS, 0))))
        found += await asyncio.gather(*(pool.run(lambda: os.getpriority(os.PRIO_PROCESS, 0)) for _ in range(4)))
        await background.finish()
        assert found == [own + NICE] * 5
        assert os.getpriority(os.PRIO_PROCESS, 0) == own

    asyncio.run(main())


def test_threads_work_where_their_priority_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.setpriority", refuse_priority)
    assert asyncio.run(asyncio.wait_for(EncoderPool(threads=1, queue=1).run(int), 10)) == 0


def test_no_more_functions_run_at_a_time_than_there_are_threads() -> None:
    async def main() -> None:
        pool, gate, running = EncoderPool(threads=2, queue=9), Gate(), threading.Semaphore(0)

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
        pool, gate = EncoderPool(threads=1, queue=2), Gate()
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
        pool, gate = EncoderPool(threads=1, queue=1), Gate()
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
        pool, gate = EncoderPool(threads=2, queue=3), Gate()
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
        threads = {one.ident for one in threading.enumerate()}
        assert await pool.run(threading.get_ident) in threads

    asyncio.run(main())


# --- kinds of work, memory, and those who leave ---


class Log:
    """Functions that note their names when they run."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str) -> Callable[[], None]:
        return lambda: self.names.append(name)


def test_the_last_of_the_kind_of_which_most_are_waiting_makes_place_for_another_kind() -> None:
    async def main() -> None:
        pool, gate = EncoderPool(threads=1, queue=3), Gate()
        sheets = [asyncio.create_task(pool.run(gate.wait, kind="sheets")) for _ in range(4)]
        await let_others_run()
        cards = [asyncio.create_task(pool.run(gate.wait, kind="cards")) for _ in range(2)]
        await let_others_run()
        assert [int(one.done()) for one in (*sheets, *cards)] == [0, 0, 0, 1, 0, 1]
        assert pool.refused == 2
        gate.set()
        found = await asyncio.gather(*sheets, *cards, return_exceptions=True)
        assert [type(one) for one in found] == [bool, bool, bool, Overloaded, bool, Overloaded]

    asyncio.run(main())


def test_kinds_take_turns_by_the_time_that_they_take() -> None:
    async def main() -> None:
        pool, gate, log = EncoderPool(threads=1, queue=20), Gate(), Log()
        running = asyncio.create_task(pool.run(gate.wait, kind="gate", cost=1))
        await let_others_run()
        dear = [asyncio.create_task(pool.run(log("dear"), kind="dear", cost=100)) for _ in range(3)]
        cheap = [asyncio.create_task(pool.run(log("cheap"), kind="cheap", cost=40)) for _ in range(6)]
        await let_others_run()
        gate.set()
        await asyncio.gather(running, *dear, *cheap)
        assert log.names == ["dear", "cheap", "cheap", "cheap", "dear", "cheap", "cheap", "dear", "cheap"]

    asyncio.run(main())


def test_a_kind_that_comes_later_does_not_make_up_for_the_time_before() -> None:
    async def main() -> None:
        pool, gate, log = EncoderPool(threads=1, queue=20), Gate(), Log()
        running = asyncio.create_task(pool.run(gate.wait, kind="old", cost=200))
        await let_others_run()
        old = [asyncio.create_task(pool.run(log("old"), kind="old", cost=40)) for _ in range(3)]
        await let_others_run()
        new = [asyncio.create_task(pool.run(log("new"), kind="new", cost=40)) for _ in range(3)]
        await let_others_run()
        gate.set()
        await asyncio.gather(running, *old, *new)
        assert log.names == ["old", "new"] * 3

    asyncio.run(main())


def test_a_thread_is_left_for_short_work() -> None:
    async def main() -> None:
        pool, gate = EncoderPool(threads=2, queue=9), Gate()
        long = [asyncio.create_task(pool.run(gate.wait, kind="sheets", cost=LONG)) for _ in range(3)]
        await let_others_run()
        assert (pool.running, pool.waiting) == (1, 2)
        assert await pool.run(int, kind="cards") == 0
        gate.set()
        assert await asyncio.gather(*long) == [True] * 3

    asyncio.run(main())


def test_what_would_have_to_wait_too_long_is_refused_and_told_an_honest_time() -> None:
    async def main() -> None:
        pool, gate = EncoderPool(threads=1, queue=99, patience=10), Gate()
        sheets = [asyncio.create_task(pool.run(gate.wait, kind="sheets", cost=4_000)) for _ in range(9)]
        await let_others_run()
        assert pool.waiting == 2  # after 4 and 8 seconds; another would wait for 12
        refused = [one.exception() for one in sheets if one.done()]
        assert {isinstance(one, Overloaded) and one.seconds for one in refused} == {12}
        gate.set()
        await asyncio.gather(*sheets, return_exceptions=True)

    asyncio.run(main())


def test_estimates_learn_from_the_time_that_work_takes_and_from_no_single_one_too_much() -> None:
    async def main() -> None:
        pool, estimates = EncoderPool(threads=1, queue=9), list[float]()
        for number in (0, 1, 50):
            for _ in range(number):
                await pool.run(int, cost=LONG)  # which takes far less
            gate = Gate()
            running = asyncio.create_task(pool.run(gate.wait, cost=1))
            waiting = asyncio.create_task(pool.run(int, cost=1_000))
            await let_others_run()
            estimates.append(pool.estimate_wait("", 1))
            gate.set()
            await asyncio.gather(running, waiting)
        first, second, last = estimates
        assert first > second > 0.7 * first
        assert last < 0.5 * first

    asyncio.run(main())


def test_what_has_waited_too_long_is_refused() -> None:
    async def main() -> None:
        pool, gate = EncoderPool(threads=1, queue=9, patience=0.01), Gate()
        running = asyncio.create_task(pool.run(gate.wait, cost=1))
        await let_others_run()
        with pytest.raises(Overloaded):
            await pool.run(int)
        gate.set()
        assert await running

    asyncio.run(main())


def test_work_waits_for_memory_and_smaller_work_does_not_wait_for_larger() -> None:
    async def main() -> None:
        budget = MemoryBudget(capacity=100)
        pool, gate = EncoderPool(threads=3, queue=9, budget=budget), Gate()
        first = asyncio.create_task(pool.run(gate.wait, kind="a", memory=80))
        second = asyncio.create_task(pool.run(gate.wait, kind="b", memory=30))
        await let_others_run()
        assert (pool.running, pool.waiting, budget.used) == (1, 1, 80)
        assert await pool.run(int, kind="c", memory=20) == 0
        gate.set()
        assert all(await asyncio.gather(first, second))
        assert budget.used == 0

    asyncio.run(main())


@pytest.mark.parametrize("patience", [0.01, 600])
def test_what_waits_behind_work_that_leaves_the_queue_takes_its_place(patience: float) -> None:
    async def main() -> None:
        budget = MemoryBudget(capacity=100)
        pool = EncoderPool(threads=2, queue=9, budget=budget, patience=patience)
        budget.add(60)
        large = asyncio.create_task(pool.run(int, kind="a", memory=80))
        await let_others_run()
        pool._patience = 600
        small = asyncio.create_task(pool.run(int, kind="a", memory=10))
        await let_others_run()
        if patience > 1:
            assert pool.waiting == 2
            large.cancel()
        assert await asyncio.wait_for(small, 10) == 0
        await asyncio.gather(large, return_exceptions=True)
        assert budget.used == 60

    asyncio.run(main())


def test_work_that_nobody_waits_for_ends_at_its_next_block_and_its_memory_counts_until_then() -> None:
    async def main() -> None:
        budget = MemoryBudget(capacity=100)
        pool = EncoderPool(threads=1, queue=9, budget=budget)
        begun, gate = threading.Event(), Gate()
        went_on, ended = threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            gate.wait()
            try:
                checkpoint()
                went_on.set()
            finally:
                ended.set()

        task = asyncio.create_task(pool.run(work, memory=70))
        assert await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (budget.used, pool.abandoned) == (70, 1)
        gate.set()
        assert await asyncio.to_thread(ended.wait, 10)
        assert not went_on.is_set()
        assert await pool.run(int, memory=100) == 0
        assert budget.used == 0

    asyncio.run(main())


def test_a_closed_pool_refuses_what_waits_and_what_comes_and_ends_what_runs() -> None:
    async def main() -> None:
        pool, gate = EncoderPool(threads=1, queue=9), Gate()
        running, *waiting = [asyncio.create_task(pool.run(gate.wait)) for _ in range(4)]
        await let_others_run()
        pool.close()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(one) for one in found] == [
            "The service is stopping; try again, at another replica or in a moment."
        ] * 3
        with pytest.raises(Overloaded, match="stopping"):
            await pool.run(int)
        gate.set()
        assert await running

    asyncio.run(main())
