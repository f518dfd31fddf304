import asyncio
import time
from collections.abc import Callable
from functools import partial

import pytest

from service.http.admission import MOST_STARTS, SLICE, Admission


class Requests:
    """Requests that note when they start, and whose step takes some seconds of the processor."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.started: list[int] = []
        self.steps: list[int] = []

    def ask(self, number: int, *, seconds: float = 0.0) -> bool:
        """Start a request or let it wait, as a connection does; False if it is refused."""
        start = self._start(number, seconds)
        if self.admission.take_place():
            start()
            return True
        return self.admission.enqueue(start) is not None

    def _start(self, number: int, seconds: float) -> Callable[[], None]:
        def step() -> None:
            self.steps.append(number)
            until = time.thread_time() + seconds
            while time.thread_time() < until:
                pass

        def start() -> None:
            self.started.append(number)
            asyncio.get_running_loop().call_soon(step)

        return start


async def run_until(done: Callable[[], bool]) -> int:
    """Let the loop turn until `done`, and return how often it turned."""
    turns = 0
    while not done():
        await asyncio.sleep(0)
        turns += 1
        assert turns < 10_000
    return turns


def test_requests_start_in_the_order_in_which_they_came() -> None:
    async def main() -> None:
        requests = Requests(Admission(seconds=60))
        assert all(requests.ask(number) for number in range(500))
        await run_until(lambda: len(requests.steps) == 500)
        assert requests.started == requests.steps == list(range(500))
        assert requests.admission.waiting == requests.admission.refused == 0

    asyncio.run(main())


def test_a_turn_of_the_loop_starts_a_few_requests_only() -> None:
    async def main() -> None:
        requests = Requests(Admission())
        for number in range(10 * MOST_STARTS):
            requests.ask(number)
        assert len(requests.started) == MOST_STARTS
        while len(requests.started) < 10 * MOST_STARTS:
            before = len(requests.started)
            await asyncio.sleep(0)
            assert len(requests.started) - before <= MOST_STARTS

    asyncio.run(main())


def test_expensive_requests_leave_turns_to_others() -> None:
    async def main() -> None:
        requests = Requests(Admission())
        for number in range(3 * MOST_STARTS):
            requests.ask(number, seconds=SLICE)
        await run_until(lambda: len(requests.steps) > MOST_STARTS)  # the first turn cannot know
        rest = 3 * MOST_STARTS - len(requests.steps)
        assert await run_until(lambda: len(requests.steps) == 3 * MOST_STARTS) >= rest

    asyncio.run(main())


def test_cheap_requests_after_expensive_ones_start_together_again() -> None:
    async def main() -> None:
        requests = Requests(Admission(seconds=60))
        for number in range(2 * MOST_STARTS):
            requests.ask(number, seconds=SLICE)
        await run_until(lambda: len(requests.steps) == 2 * MOST_STARTS)
        for number in range(10 * MOST_STARTS):
            requests.ask(number)
        assert await run_until(lambda: len(requests.steps) == 12 * MOST_STARTS) < 5 * MOST_STARTS

    asyncio.run(main())


def test_a_request_that_comes_later_waits_for_those_before_it() -> None:
    async def main() -> None:
        requests = Requests(Admission())
        for number in range(2 * MOST_STARTS):
            requests.ask(number)
        await asyncio.sleep(0)
        requests.ask(999)
        await run_until(lambda: len(requests.steps) == 2 * MOST_STARTS + 1)
        assert requests.steps[-1] == 999

    asyncio.run(main())


def test_a_burst_waits_and_what_exceeds_the_queue_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        requests = Requests(Admission(queue=100, seconds=60))
        assert all(requests.ask(number) for number in range(MOST_STARTS + 100))
        assert not requests.ask(-1)
        assert not requests.ask(-2)
        assert (requests.admission.waiting, requests.admission.refused) == (100, 2)
        await run_until(lambda: not requests.admission.waiting)
        assert requests.ask(-3)

    asyncio.run(main())
    assert caplog.text.count("refusing requests") == 1


def test_none_may_wait_behind_a_request_that_has_waited_too_long() -> None:
    async def main() -> None:
        requests = Requests(Admission(seconds=0.001))
        for number in range(MOST_STARTS):
            requests.ask(number, seconds=0.001)
        assert requests.ask(100)
        time.sleep(0.01)  # noqa: ASYNC251 - holds the loop, as a step does that takes too long
        assert not requests.ask(101)
        await run_until(lambda: not requests.admission.waiting)
        assert requests.ask(102)

    asyncio.run(main())


def test_requests_of_clients_that_have_left_are_not_started() -> None:
    async def main() -> None:
        admission = Admission()
        while admission.take_place():
            pass
        started: list[int] = []
        waiting = [admission.enqueue(partial(started.append, number)) for number in range(6)]
        for request in (*waiting[:2], *waiting[4:]):
            assert request is not None
            request.dropped = True
        await run_until(lambda: not admission.waiting)
        assert started == [2, 3]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert admission.take_place()

    asyncio.run(main())
