"""Cancellation: long work asks between its blocks whether anybody waits for it. Ground floor; knows no threads."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol, TypeVar

T = TypeVar("T")


class Cancelled(Exception):
    """Nobody waits for the work any longer."""


class Flag(Protocol):
    """Something that is set once, by another thread."""

    def is_set(self) -> bool:
        """Whether it was set."""


_flag: ContextVar[Flag | None] = ContextVar("flag", default=None)


def run_until(flag: Flag, function: Callable[[], T]) -> T:
    """The result of `function`, which ends at its next `checkpoint` once the flag is set.

    Raises:
        Cancelled: the flag was set, and the function has come to a checkpoint.
    """
    token = _flag.set(flag)
    try:
        checkpoint()
        return function()
    finally:
        _flag.reset(token)


def checkpoint() -> None:
    """End the work of this thread if nobody waits for it. To be called between blocks of some milliseconds.

    Raises:
        Cancelled: nobody waits for it.
    """
    flag = _flag.get()
    if flag is not None and flag.is_set():
        raise Cancelled
