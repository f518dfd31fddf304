"""A RequestRecord: what is noted about a request while it is answered, for metrics, logs and traces."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Part(NamedTuple):
    """A part of the work for an answer: when it began (`perf_counter`), and how many seconds it took."""

    name: str
    began: float
    seconds: float


class RequestRecord:
    """What became of a request so far. What is not known yet has the value of the class, which costs nothing to set.

    Attributes:
        identity: the value of `X-Request-ID`.
        began: when the request came (`perf_counter`).
        status: status of the answer, 0 before there is one.
        media_type: `Content-Type` of the answer, empty where it has none.
        sent: bytes of the body that were given to the server.
        ended: whether all of the answer was given to the server.
        disconnected: whether the client left before.
        parts: the work that was timed on its own.
        trace_id: the trace that the request belongs to (32 hex digits), empty where there is none.
    """

    status: int = 0
    media_type: bytes = b""
    sent: int = 0
    ended: bool = False
    disconnected: bool = False
    parts: tuple[Part, ...] = ()
    trace_id: str = ""

    def __init__(self, identity: str) -> None:
        """Begin now."""
        self.identity = identity
        self.began = perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the request came."""
        return perf_counter() - self.began


CURRENT: ContextVar[RequestRecord | None] = ContextVar("request_record", default=None)
"""The record of the request that is being answered, also in threads that work for it."""


@contextmanager
def time_part(name: str) -> Iterator[None]:
    """Note how long the block takes, as a part of the current request."""
    began = perf_counter()
    try:
        yield
    finally:
        note_part(name, began)


def note_part(name: str, began: float) -> None:
    """Note a part of the current request that began at `began` (`perf_counter`) and ends now."""
    record = CURRENT.get()
    if record is not None:
        record.parts += (Part(name, began, perf_counter() - began),)


def follow(function: Callable[[], T]) -> Callable[[], T]:
    """The same function, for a thread: the parts that it notes are those of the current request.

    The time until it is called is noted as the part `wait`.
    """
    record, began = CURRENT.get(), perf_counter()

    def run() -> T:
        token = CURRENT.set(record)
        note_part("wait", began)
        try:
            return function()
        finally:
            CURRENT.reset(token)

    return run


def timed(name: str, function: Callable[[], T]) -> T:
    """The result of `function`, whose time is noted as a part of the current request."""
    with time_part(name):
        return function()
