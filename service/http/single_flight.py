"""Of many who ask for the same at once, one makes it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(eq=False)
class _Flight(Generic[T]):
    """Work under way, and how many wait for it."""

    task: asyncio.Future[T]
    waiting: int = 0


class SingleFlight(Generic[T]):
    """Work under way, by key. It goes on when some of those who wait for it leave, and is cancelled when all have."""

    def __init__(self) -> None:
        """Begin with none."""
        self._flights: dict[str, _Flight[T]] = {}

    async def run(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, or of work under way for the same key."""
        flight = self._flights.get(key) or self._begin(key, work)
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                self._forget(key, flight)
                flight.task.cancel()

    def _begin(self, key: str, work: Callable[[], Awaitable[T]]) -> _Flight[T]:
        self._flights[key] = flight = _Flight(asyncio.ensure_future(work()))
        flight.task.add_done_callback(lambda done: self._finish(key, flight, done))
        return flight

    def _finish(self, key: str, flight: _Flight[T], task: asyncio.Future[T]) -> None:
        """Forget finished work; look at its exception, which is nobody's if all have left."""
        self._forget(key, flight)
        if not task.cancelled():
            task.exception()

    def _forget(self, key: str, flight: _Flight[T]) -> None:
        """Let the next one who asks begin anew, unless somebody has already."""
        if self._flights.get(key) is flight:
            del self._flights[key]
