"""Of many who ask for the same at once, one makes it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Work under way, by key. It goes on when those who wait for it leave, because others may have joined."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tasks: dict[str, asyncio.Future[T]] = {}

    async def run(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, or of work under way for the same key."""
        task = self._tasks.get(key)
        if task is None:
            self._tasks[key] = task = asyncio.ensure_future(work())
            task.add_done_callback(lambda done: self._finish(key, done))
        return await asyncio.shield(task)

    def _finish(self, key: str, task: asyncio.Future[T]) -> None:
        """Forget finished work; look at its exception, which is nobody's if all have left."""
        del self._tasks[key]
        if not task.cancelled():
            task.exception()
