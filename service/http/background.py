"""Background work: what makes later answers cheaper, done once enough requests would have gained from it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from service.http.priority import lower_priority

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
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="background", initializer=lower_priority)
        self._wanted: Counter[Hashable] = Counter()
        self._tasks: set[asyncio.Future[None]] = set()

    def want(self, improvement: Improvement) -> None:
        """Note that a request would have gained from this work."""
        self._wanted[improvement.key] += 1
        if self._wanted[improvement.key] == ENOUGH:
            task = asyncio.get_running_loop().run_in_executor(self._executor, improvement.run)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait for the work that is under way, and end the thread."""
        await asyncio.gather(*self._tasks)
        self._executor.shutdown(wait=False)
