from collections.abc import Callable
from threading import Barrier, Thread

import pytest

from service.data.cache import ENTRIES, compute_once


def test_threads_that_ask_at_the_same_time_share_one_computation() -> None:
    calls: list[int] = []
    results: list[object] = []
    everybody = Barrier(8)

    @compute_once
    def compute(number: int) -> object:
        calls.append(number)
        return object()

    def ask() -> None:
        everybody.wait()
        results.append(compute(3))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [3]
    assert len(set(map(id, results))) == 1


def test_what_failed_is_tried_again() -> None:
    calls: list[int] = []

    @compute_once
    def fail_first(number: int) -> int:
        calls.append(number)
        if len(calls) == 1:
            raise ValueError("first")
        return number

    with pytest.raises(ValueError, match="first"):
        fail_first(5)
    assert fail_first(5) == 5


def test_only_the_last_results_are_stored() -> None:
    calls: list[int] = []
    function: Callable[[int], None] = compute_once(calls.append)
    for number in (*range(ENTRIES + 1), ENTRIES, 0):
        function(number)
    assert calls == [*range(ENTRIES + 1), 0]
