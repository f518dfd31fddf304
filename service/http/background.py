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
    """Does such work in one thread, one at a time; each again if as many requests still would have gained from it."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="background", initializer=lower_priority)
        self._wanted: Counter[Hashable] = Counter()
        self._tasks: dict[Hashable, asyncio.Future[None]] = {}

    def want(self, improvement: Improvement) -> None:
        """Note that a request would have gained from this work."""
        key = improvement.key
        if key in self._tasks:
            return
        self._wanted[key] += 1
        if self._wanted[key] == ENOUGH:
            del self._wanted[key]
            self._tasks[key] = task = asyncio.get_running_loop().run_in_executor(self._executor, improvement.run)
            task.add_done_callback(lambda _: self._tasks.pop(key))

    async def finish(self) -> None:
        """Wait for the work that is under way, and end the thread."""
        await asyncio.gather(*self._tasks.values())
        self._executor.shutdown(wait=False)
