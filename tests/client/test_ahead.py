import itertools
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.client.ahead import Ahead


def ended() -> None:
    """Wait until no thread makes items any more."""
    for thread in threading.enumerate():
        if thread.name == "ahead":
            thread.join(20)
            assert not thread.is_alive()


@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 4))
@settings(max_examples=50)
def test_every_item_comes_once_and_in_order(number: int, group: int, most: int) -> None:
    assert list(Ahead(iter(range(number)), group=group, most=most)) == list(range(number))
    ended()


@given(st.integers(0, 20), st.integers(1, 5))
@settings(max_examples=30)
def test_an_error_comes_where_the_item_would_have_come(number: int, group: int) -> None:
    def items() -> Iterator[int]:
        yield from range(number)
        raise ValueError("broken")

    taken: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        taken.extend(Ahead(items(), group=group, most=2))
    ahead = iter(Ahead(items(), group=group, most=2))
    assert [next(ahead) for _ in range(number)] == list(range(number))
    with pytest.raises(ValueError, match="broken"):
        next(ahead)
    ended()


def test_no_more_is_made_than_fits() -> None:
    made: list[int] = []
    full = threading.Event()

    def items() -> Iterator[int]:
        for item in itertools.count():
            made.append(item)
            if item == 3 * 2 + 3 - 1:
                full.set()
            yield item

    ahead = Ahead(items(), group=3, most=2)
    assert full.wait(20)
    assert next(iter(ahead)) == 0
    ahead.stop()
    ended()
    assert len(made) <= 3 * (2 + 1) + 3 + 1


def test_stopping_ends_the_thread_and_closes_the_source() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed.set()

    ahead = Ahead(items(), group=1, most=2)
    assert next(iter(ahead)) == 0
    ahead.stop()
    assert closed.wait(20)
    ended()
