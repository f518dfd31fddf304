"""Ahead: an iterator that a thread runs in advance of who consumes it, as far as a bound."""

import threading
from collections import deque
from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """The items of an iterator, in order, made by a thread of its own while few enough of them wait to be taken.

    Items are handed over in groups, since every hand-over makes two threads wait for one another. What the iterator
    raises is raised where the item would have come. The thread ends with the items, or at `stop`; it never keeps a
    process from ending.
    """

    def __init__(self, items: Iterator[T], *, group: int, most: int) -> None:
        """Begin at once, and keep at most `most` groups of `group` items ready."""
        self._items = items
        self._group = group
        self._most = most
        self._ready: deque[list[T]] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._stopped = False
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="ahead", daemon=True).start()

    def __iter__(self) -> Iterator[T]:
        """Take the items."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ready or self._ended)
                if not self._ready:
                    break
                group = self._ready.popleft()
                self._changed.notify_all()
            yield from group
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Make no more items."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _run(self) -> None:
        group: list[T] = []
        try:
            for item in self._items:
                group.append(item)
                if len(group) == self._group:
                    self._hand_over(group)
                    group = []
                if self._stopped:
                    break
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the consumer
            self._error = error
        if isinstance(self._items, Generator):
            self._items.close()
        self._hand_over(group)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _hand_over(self, group: list[T]) -> None:
        """Wait for room, and make a group ready; an empty one is none."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._ready) < self._most or self._stopped)
            if group and not self._stopped:
                self._ready.append(group)
                self._changed.notify_all()
