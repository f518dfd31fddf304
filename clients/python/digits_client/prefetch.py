"""Prefetching: a thread runs an iterator ahead of its consumer, as far as a bound."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """The items of an iterator, in order, which a thread of its own makes before they are needed.

    The thread hands items over in groups, because every hand-over makes two threads wait for one another. An exception
    of the iterator is raised where the item would have come. The thread ends with the items or with `close`, and it
    never keeps a process from ending.
    """

    def __init__(
        self, items: Iterator[T], *, group_size: int, max_groups: int, cancel: Callable[[], None] | None = None
    ) -> None:
        """Start the thread, which keeps at most `max_groups` groups ready; `cancel` interrupts the iterator."""
        self._items = items
        self._group_size = group_size
        self._max_groups = max_groups
        self._cancel = cancel
        self._ready: deque[list[T]] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="digits-prefetch", daemon=True).start()

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

    def close(self) -> None:
        """End the thread, even one that waits for a connection."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._cancel is not None:
            self._cancel()

    def _run(self) -> None:
        group: list[T] = []
        try:
            for item in self._items:
                group.append(item)
                if len(group) == self._group_size:
                    self._hand_over(group)
                    group = []
                if self._closed:
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
        """Wait until there is room, and make a group ready, unless it is empty."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._ready) < self._max_groups or self._closed)
            if group and not self._closed:
                self._ready.append(group)
                self._changed.notify_all()
