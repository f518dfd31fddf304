import itertools
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits_client.prefetch import Prefetcher


def wait_for_threads() -> None:
    """Wait until no thread makes items any more."""
    for thread in threading.enumerate():
        if thread.name == "digits-prefetch":
            thread.join(20)
            assert not thread.is_alive()


@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 4))
@settings(max_examples=50)
def test_every_item_comes_once_and_in_order(number: int, group: int, most: int) -> None:
    assert list(Prefetcher(iter(range(number)), group_size=group, max_groups=most)) == list(range(number))
    wait_for_threads()


@given(st.integers(0, 20), st.integers(1, 5))
@settings(max_examples=30)
def test_an_error_comes_where_the_item_would_have_come(number: int, group: int) -> None:
    def items() -> Iterator[int]:
        yield from range(number)
        raise ValueError("broken")

    taken: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        taken.extend(Prefetcher(items(), group_size=group, max_groups=2))
    prefetcher = iter(Prefetcher(items(), group_size=group, max_groups=2))
    assert [next(prefetcher) for _ in range(number)] == list(range(number))
    with pytest.raises(ValueError, match="broken"):
        next(prefetcher)
    wait_for_threads()


def test_no_more_is_made_than_fits() -> None:
    made: list[int] = []
    full = threading.Event()

    def items() -> Iterator[int]:
        for item in itertools.count():
            made.append(item)
            if item == 3 * 2 + 3 - 1:
                full.set()
            yield item

    prefetcher = Prefetcher(items(), group_size=3, max_groups=2)
    assert full.wait(20)
    assert next(iter(prefetcher)) == 0
    prefetcher.close()
    wait_for_threads()
    assert len(made) <= 3 * (2 + 1) + 3 + 1


def test_stopping_ends_the_thread_and_closes_the_source() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed.set()

    prefetcher = Prefetcher(items(), group_size=1, max_groups=2)
    assert next(iter(prefetcher)) == 0
    prefetcher.close()
    assert closed.wait(20)
    wait_for_threads()
