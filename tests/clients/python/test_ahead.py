"""What is fetched ahead: in order, once, closed when nobody wants it, and never by two processes."""

import gc
import itertools
import os
import pickle
import threading
from collections.abc import Callable, Generator, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits_client.ahead import Beginning, Lookahead, run_ahead
from digits_client.cancellation import Cancellation, Cancelled


def wait_for_threads() -> None:
    """Wait until no thread fetches any more."""
    for thread in threading.enumerate():
        if thread.name.startswith("digits-ahead"):
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """After a test no thread is left that fetches."""
    yield
    wait_for_threads()


class Source:
    """Numbers, and whether they were closed."""

    def __init__(self, number: int, *, error: Exception | None = None) -> None:
        """Give so many numbers, then raise an error if there is one."""
        self.number = number
        self.error = error
        self.began = threading.Event()
        self.closed = threading.Event()

    def items(self, wait: Cancellation | None = None) -> Generator[int]:
        try:
            self.began.set()
            if wait is not None:
                wait.sleep(60)
            yield from range(self.number)
            if self.error is not None:
                raise self.error
        finally:
            self.closed.set()


def nothing() -> None:
    """Cancel nothing."""


# --- the beginning of a generator ---


@given(st.integers(0, 5))
def test_every_item_comes_once_and_in_order(number: int) -> None:
    source = Source(number)
    assert list(Beginning(source.items(), cancel=nothing).give()) == list(range(number))
    assert source.closed.is_set()


@given(st.integers(0, 5))
def test_an_error_comes_where_the_item_would_have_come(number: int) -> None:
    source, taken = Source(number, error=ValueError("broken")), list[int]()
    with pytest.raises(ValueError, match="broken"):
        taken.extend(Beginning(source.items(), cancel=nothing).give())  # the list keeps what came before the error
    assert taken == list(range(number))


def test_the_first_item_is_awaited_before_anybody_asks() -> None:
    source = Source(3)
    beginning = Beginning(source.items(), cancel=nothing)
    assert source.began.wait(20)
    beginning.close()
    assert source.closed.wait(20)


def test_closing_ends_a_thread_that_waits() -> None:
    source, cancellation = Source(3), Cancellation()
    beginning = Beginning(source.items(cancellation), cancel=cancellation.cancel)
    assert source.began.wait(20)
    beginning.close()
    assert source.closed.wait(20)
    with pytest.raises(Cancelled):
        list(beginning.give())


def test_leaving_closes_the_generator() -> None:
    source = Source(3)
    items = Beginning(source.items(), cancel=nothing).give()
    assert next(items) == 0
    items.close()
    assert source.closed.is_set()


# --- one beginning, by its key ---


def test_what_was_begun_is_given_to_who_asks_for_it_once() -> None:
    lookahead, source = Lookahead[int](), Source(3)
    lookahead.begin("key", source.items(), cancel=nothing)
    items = lookahead.take("key")
    assert items is not None
    assert list(items) == [0, 1, 2]
    assert lookahead.take("key") is None


@pytest.mark.parametrize("leave", ["ask for another", "begin another", "close", "forget"])
def test_what_nobody_asks_for_is_closed(leave: str) -> None:
    lookahead, source = Lookahead[int](), Source(3)
    lookahead.begin("key", source.items(), cancel=nothing)
    if leave == "ask for another":
        assert lookahead.take("other") is None
    elif leave == "begin another":
        lookahead.begin("other", Source(1).items(), cancel=nothing)
    elif leave == "close":
        lookahead.close()
    else:
        del lookahead
        gc.collect()
    assert source.closed.wait(20)


def test_only_who_goes_on_as_before_is_expected_to_do_so_again() -> None:
    lookahead = Lookahead[int]()
    assert not lookahead.is_expected("next")
    lookahead.expect("next")
    assert lookahead.is_expected("next")
    assert not lookahead.is_expected("other")


def test_a_copy_and_a_forked_process_begin_without_one() -> None:
    lookahead, source = Lookahead[int](), Source(3)
    lookahead.begin("key", source.items(), cancel=nothing)
    assert pickle.loads(pickle.dumps(lookahead)).take("key") is None  # noqa: S301 - our own
    child = os.fork()
    if child == 0:
        os._exit(0 if lookahead.take("key") is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    items = lookahead.take("key")
    assert items is not None
    assert list(items) == [0, 1, 2]


# --- calls that run at once ---


def calls(number: int | None) -> Iterator[Callable[[Cancellation], int]]:
    """Calls that return their numbers; without a number, endless ones."""
    for item in itertools.count() if number is None else range(number):
        yield lambda _, item=item: item  # type: ignore[misc]


@given(number=st.integers(0, 12), ahead=st.integers(1, 5))
@settings(max_examples=30)
def test_results_come_in_the_order_of_the_calls(number: int, ahead: int) -> None:
    assert list(run_ahead(calls(number), ahead=ahead)) == list(range(number))


def test_calls_run_at_once_and_not_more_than_that_ahead() -> None:
    together, begun = threading.Barrier(3), []

    def wait(_: Cancellation) -> int:
        begun.append(threading.get_ident())
        together.wait(20)
        return len(begun)

    assert list(run_ahead([wait] * 6, ahead=3)) != []
    assert len(set(begun)) == 3
    taken = run_ahead(calls(None), ahead=2)
    assert [next(taken) for _ in range(5)] == [0, 1, 2, 3, 4]


def test_an_error_of_a_call_comes_where_its_result_would_have_come() -> None:
    def fail(_: Cancellation) -> int:
        raise ValueError("broken")

    results = run_ahead([*calls(2), fail, *calls(2)], ahead=4)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="broken"):
        next(results)


def test_leaving_cancels_what_is_under_way() -> None:
    waiting = threading.Event()

    def wait(cancellation: Cancellation) -> int:
        waiting.set()
        cancellation.sleep(60)
        return 1

    results = run_ahead([*calls(1), wait, wait, wait], ahead=2)
    assert next(results) == 0
    assert waiting.wait(20)
    results.close()  # type: ignore[attr-defined]


def test_at_least_one_call_runs() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        next(run_ahead(calls(1), ahead=0))
