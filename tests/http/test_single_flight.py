"""Of many who ask for the same at once one makes it, whoever leaves."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

from service.http.single_flight import SingleFlight


class Work:
    """Work that waits for a gate, and counts how often it was begun and ended."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.begun = 0
        self.ended = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        await self.gate.wait()
        self.ended += 1
        if self.fails:
            raise ValueError("broken")
        return self.begun


async def let_others_run() -> None:
    """Let tasks that were created just now get as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


def run(main: Callable[[SingleFlight[int]], Awaitable[None]]) -> None:
    """Run a test, and fail on an exception that nobody looked at."""
    unseen: list[object] = []

    async def watch() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(context))
        await main(SingleFlight())

    asyncio.run(watch())
    assert unseen == []


def test_all_who_ask_at_once_get_what_one_has_made() -> None:
    async def main(flights: SingleFlight[int]) -> None:
        work, other = Work(), Work()
        waiting = [asyncio.create_task(flights.run("a", work)) for _ in range(9)]
        beside = asyncio.create_task(flights.run("b", other))
        await let_others_run()
        assert (work.begun, other.begun) == (1, 1)
        work.gate.set()
        assert await asyncio.gather(*waiting) == [1] * 9
        assert not beside.done()
        other.gate.set()
        assert await beside == 1

    run(main)


def test_the_next_one_after_the_end_makes_it_again() -> None:
    async def main(flights: SingleFlight[int]) -> None:
        work = Work()
        work.gate.set()
        assert [await flights.run("a", work) for _ in range(3)] == [1, 2, 3]

    run(main)


@pytest.mark.parametrize("leaving", [[0], [1, 2], [0, 1, 2]], ids=["the first", "others", "all but one"])
def test_work_goes_on_when_some_of_those_who_wait_leave(leaving: list[int]) -> None:
    async def main(flights: SingleFlight[int]) -> None:
        work = Work()
        waiting = [asyncio.create_task(flights.run("a", work)) for _ in range(4)]
        await let_others_run()
        for number in leaving:
            waiting[number].cancel()
        await let_others_run()
        late = asyncio.create_task(flights.run("a", work))
        await let_others_run()
        work.gate.set()
        found = await asyncio.gather(*waiting, late, return_exceptions=True)
        assert [isinstance(one, asyncio.CancelledError) for one in found] == [number in leaving for number in range(5)]
        assert {one for one in found if not isinstance(one, BaseException)} == {1}
        assert (work.begun, work.ended) == (1, 1)

    run(main)


def test_a_failure_reaches_all_and_the_next_one_tries_again() -> None:
    async def main(flights: SingleFlight[int]) -> None:
        work = Work(fails=True)
        waiting = [asyncio.create_task(flights.run("a", work)) for _ in range(3)]
        await let_others_run()
        work.gate.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(one) for one in found] == ["broken"] * 3
        work.fails = False
        assert await flights.run("a", work) == 2

    run(main)


def test_work_is_cancelled_when_all_have_left_and_the_next_one_makes_it_anew() -> None:
    async def main(flights: SingleFlight[int]) -> None:
        work = Work()
        waiting = [asyncio.create_task(flights.run("a", work)) for _ in range(3)]
        await let_others_run()
        for one in waiting:
            one.cancel()
        await let_others_run()
        late = asyncio.create_task(flights.run("a", work))
        await let_others_run()
        work.gate.set()
        assert await late == 2
        assert (work.begun, work.ended) == (2, 1)
        assert flights._flights == {}

    run(main)


def test_what_begins_anew_before_cancelled_work_has_ended_is_shared_all_the_same() -> None:
    async def main(flights: SingleFlight[int]) -> None:
        work = Work()
        first = asyncio.create_task(flights.run("a", work))
        await let_others_run()
        first.cancel()
        anew = asyncio.create_task(flights.run("a", work))
        await let_others_run()
        late = asyncio.create_task(flights.run("a", work))
        await let_others_run()
        work.gate.set()
        assert [await anew, await late] == [2, 2]

    run(main)


def test_work_that_fails_when_it_is_cancelled_is_no_ones_failure() -> None:
    async def work() -> int:
        try:
            return await asyncio.Event().wait()
        finally:
            raise ValueError("broken")

    async def main(flights: SingleFlight[int]) -> None:
        alone = asyncio.create_task(flights.run("a", work))
        await let_others_run()
        alone.cancel()
        await let_others_run()
        gc.collect()  # tells of exceptions that nobody looked at

    run(main)


def test_a_failure_that_nobody_waits_for_is_no_ones() -> None:
    async def main(flights: SingleFlight[int]) -> None:
        work = Work(fails=True)
        alone = asyncio.create_task(flights.run("a", work))
        await let_others_run()
        work.gate.set()
        await asyncio.sleep(0)
        alone.cancel()
        await let_others_run()
        assert flights._flights == {}

    run(main)
