"""The memory budget: how many bytes the bodies of answers may take, from their making until the last one is sent."""

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial

from service.http.representation import Encoded

COUNTED = 65_536
"""Bytes from which on a body counts. A connection holds as many in any case, before a slow reader stops its answer."""


class MemoryBudget:
    """Counts bytes of answers that are being made, sent or cached, against `capacity`.

    To be used on the event loop. Only the end of a body may be told from any thread, since any may drop it last.
    """

    def __init__(self, *, capacity: int, cached: int = 0) -> None:
        """Allow `capacity` bytes, of which the response cache may hold up to `cached` for as long as it likes."""
        self.capacity = capacity
        self.largest = max(0, capacity - cached)
        self._used = 0
        self._freed: deque[int] = deque()
        self._on_room: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def used(self) -> int:
        """Bytes that are taken at present."""
        while self._freed:
            self._used -= self._freed.popleft()
        return self._used

    def fits(self, size: int) -> bool:
        """Whether so many bytes are left; of what is larger than the budget, whether it would be alone."""
        return self.used + min(size, self.largest) <= self.capacity

    def add(self, size: int) -> None:
        """Take so many bytes."""
        self._used += size

    def remove(self, size: int) -> None:
        """Give them back."""
        self._used -= size
        self._tell()

    def call_on_room(self, function: Callable[[], None] | None) -> None:
        """Call a function, in a turn of the event loop of its own, whenever bytes were given back; or none."""
        self._loop = None if function is None else asyncio.get_running_loop()
        self._on_room = function

    def track(self, body: Encoded) -> memoryview:
        """A body that was made, as a view: it counts until nobody has that view; slices of it alone do not count."""
        view = memoryview(body)
        if view.nbytes >= COUNTED:
            self.add(view.nbytes)
            weakref.finalize(view, self._free, view.nbytes).atexit = False
        return view

    def _free(self, size: int) -> None:
        self._freed.append(size)
        self._tell()

    def _tell(self) -> None:
        """Let the one who waits for room look, if somebody waits."""
        loop, function = self._loop, self._on_room
        if function is not None and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(partial(self._look, function))

    def _look(self, function: Callable[[], None]) -> None:
        if function == self._on_room:
            function()
