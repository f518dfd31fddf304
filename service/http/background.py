"""Background work: what makes later answers cheaper, done once enough requests would have gained from it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread

ENOUGH = 32
"""Requests that would have gained from the work, before it begins."""


@dataclass(frozen=True)
class Improvement:
    """Work in the background, by a key; `run` is called in a thread, and must not raise."""

    key: Hashable
    run: Callable[[], None]


class Background:
    """Does such work in one thread, one at a time, each once."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._limiter = CapacityLimiter(1)
        self._wanted: Counter[Hashable] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def want(self, improvement: Improvement) -> None:
        """Note that a request would have gained from this work."""
        self._wanted[improvement.key] += 1
        if self._wanted[improvement.key] == ENOUGH:
            task = asyncio.ensure_future(to_thread.run_sync(improvement.run, limiter=self._limiter))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait for the work that is under way."""
        await asyncio.gather(*self._tasks)
