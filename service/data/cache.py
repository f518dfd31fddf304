"""Caching of what is computed from a split or a dataset: once for each, however many threads ask at the same time."""

from collections.abc import Callable, Hashable
from threading import Condition
from typing import TypeVar

from cachetools import LRUCache, cached

K = TypeVar("K", bound=Hashable)
"""What the result is computed from."""

V = TypeVar("V")
"""The result."""

ENTRIES = 64
"""Results that are stored for each function: many more than there are splits."""


def compute_once(function: Callable[[K], V]) -> Callable[[K], V]:
    """Decorate a function of one argument: its results are stored, and concurrent calls with one argument share one.

    Every caller gets the same object, so results must be read-only.
    """
    store: LRUCache[Hashable, V] = LRUCache(ENTRIES)
    return cached(store, condition=Condition())(function)


def is_computed(function: Callable[[K], V], argument: K) -> bool:
    """Whether the result of a function that is decorated with `compute_once` is stored for this argument."""
    return function.cache_key(argument) in function.cache  # type: ignore[attr-defined] # of the wrapper by cachetools
