"""The Workshop: a few threads for encoding that takes long, and a bounded line before them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from service.web.problems import Overloaded

T = TypeVar("T")


class Workshop:
    """Runs work off the event loop, `threads` at a time; with `backlog` more waiting it takes no more."""

    def __init__(self, *, threads: int, backlog: int) -> None:
        """Hire the threads (they start when there is work)."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="workshop")
        self._places = BoundedSemaphore(threads + backlog)

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, done in a thread; a place is taken until the work ends, whoever still waits for it.

        Raises:
            Overloaded: the line is full.
        """
        if not self._places.acquire(blocking=False):
            raise Overloaded("Too many long encodings are waiting already; try again in a moment.")
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Let running work end, and drop what has not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)
