"""The memory budget: what is made, sent and kept counts once, and until nobody has it."""

import asyncio
import gc

import pytest

from service.http.memory_budget import COUNTED, MemoryBudget


@pytest.mark.parametrize("make", [bytes, bytearray, lambda size: memoryview(bytes(size))])
def test_a_body_counts_until_nobody_has_a_view_of_it(make: type[bytes]) -> None:
    budget = MemoryBudget(capacity=10 * COUNTED)
    view = budget.track(make(2 * COUNTED))
    other = view
    assert budget.used == 2 * COUNTED
    del view
    assert budget.used == 2 * COUNTED
    del other
    gc.collect()
    assert budget.used == 0


def test_what_a_connection_holds_in_any_case_does_not_count() -> None:
    budget = MemoryBudget(capacity=COUNTED)
    view = budget.track(bytes(COUNTED - 1))
    assert (len(view), budget.used) == (COUNTED - 1, 0)


def test_what_is_larger_than_the_budget_fits_when_it_is_alone() -> None:
    budget = MemoryBudget(capacity=100, cached=20)
    budget.add(20)
    assert budget.fits(1_000)
    budget.add(1)
    assert not budget.fits(1_000)


def test_the_end_of_a_body_calls_those_who_wait_for_room() -> None:
    async def main() -> None:
        budget, called = MemoryBudget(capacity=10 * COUNTED), asyncio.Event()
        view = budget.track(bytes(COUNTED))
        budget.call_on_room(called.set)
        del view
        await asyncio.wait_for(called.wait(), 10)

    asyncio.run(main())


def test_who_does_not_wait_for_room_any_more_is_not_called() -> None:
    async def main() -> None:
        budget, calls = MemoryBudget(capacity=100), list[int]()
        budget.call_on_room(lambda: calls.append(1))
        budget.add(50)
        budget.remove(50)  # calls in the next turn of the loop
        budget.call_on_room(lambda: calls.append(2))
        budget.add(50)
        budget.remove(50)
        for _ in range(10):
            await asyncio.sleep(0)
        assert calls == [2]

    asyncio.run(main())
