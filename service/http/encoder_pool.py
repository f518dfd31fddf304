"""The encoder pool: a few threads for work that would hold the event loop too long, and a bounded queue."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from service.http.problems import Overloaded
from service.http.request_record import follow

T = TypeVar("T")


class EncoderPool:
    """Runs functions in threads, `threads` at a time; refuses more when `queue` of them wait already."""

    def __init__(self, *, threads: int, queue: int) -> None:
        """Start no thread yet."""
        self._limiter = CapacityLimiter(threads)
        self._most = threads + queue
        self._count = 0

    async def run(self, function: Callable[[], T]) -> T:
        """The result of `function`, called in a thread. It occupies the thread until it ends, even if nobody waits.

        Raises:
            Overloaded: the queue is full.
        """
        if self._count >= self._most:
            raise Overloaded("Too many long encodings are waiting already; try again in a moment.")
        self._count += 1
        try:
            return await to_thread.run_sync(follow(function), limiter=self._limiter)
        finally:
            self._count -= 1

    @property
    def running(self) -> int:
        """Encodings under way."""
        return self._limiter.borrowed_tokens

    @property
    def waiting(self) -> int:
        """Encodings that wait for a thread."""
        return max(0, self._count - self.running)

    async def prepare(self) -> None:
        """Start a thread, so that the first answer does not wait for what anyio imports then."""
        await self.run(lambda: None)
