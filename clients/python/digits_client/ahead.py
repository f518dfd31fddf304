"""Looking ahead: threads wait for what comes next, while the caller is busy with what comes before."""

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, TypeVar

from digits_client.cancellation import Cancellation

T = TypeVar("T")


class Beginning(Generic[T]):
    """The items of a generator, whose first one a thread of its own waits for.

    An exception of the generator is raised where its item would have come. The thread ends with the first item or
    with `close`, and it never keeps a process from ending.
    """

    def __init__(self, items: Generator[T], *, cancel: Callable[[], None]) -> None:
        """Start the thread; `cancel` interrupts it."""
        self._items = items
        self._cancel = cancel
        self._lock = threading.Lock()
        self._closed = self._ended = False
        self._first: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="digits-ahead", daemon=True)
        self._thread.start()

    def give(self) -> Generator[T]:
        """Give all items; closing this generator closes the other one."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        yield from self._first
        yield from self._items

    def close(self) -> None:
        """Stop the thread, even one that waits for a connection, and close the generator."""
        self._cancel()
        with self._lock:
            self._closed = True
            if self._ended:
                self._items.close()

    def _run(self) -> None:
        try:
            self._first = [next(self._items)]
        except StopIteration:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
            self._error = error
        with self._lock:
            self._ended = True
            if self._closed:
                self._items.close()


def run_ahead(calls: Iterable[Callable[[Cancellation], T]], *, ahead: int) -> Iterator[T]:
    """Give the results of calls in their order, so many of which run at once, each in a thread.

    An exception of a call is raised where its result would have come. Leaving early cancels what is under way.

    Raises:
        ValueError: `ahead` is below 1.
    """
    if ahead < 1:
        raise ValueError(f"ahead must be at least 1, not {ahead}.")
    waiting, under_way = iter(calls), deque[tuple[Future[T], Cancellation]]()
    pool = ThreadPoolExecutor(ahead, thread_name_prefix="digits-ahead")
    try:
        while True:
            for call in islice(waiting, ahead - len(under_way)):
                cancellation = Cancellation()
                under_way.append((pool.submit(call, cancellation), cancellation))
            if not under_way:
                return
            yield under_way.popleft()[0].result()
    finally:
        for future, cancellation in under_way:
            future.cancel()
            cancellation.cancel()
        pool.shutdown(wait=False)


class Lookahead(Generic[T]):
    """At most one beginning, for a caller who will probably ask for it, and who names it by a key.

    A forked or unpickled copy begins without one: its connection belongs to the first process.
    """

    def __init__(self) -> None:
        """Begin without one."""
        self._process = os.getpid()
        self._ready: tuple[object, Beginning[T]] | None = None
        self._expected: object = None

    def __del__(self) -> None:
        """Close what nobody asked for."""
        self.close()

    def __reduce__(self) -> "tuple[type[Lookahead[T]], tuple[()]]":
        """Return how to make a copy."""
        return Lookahead, ()

    def expect(self, key: object) -> None:
        """Note what the caller will ask for if it goes on as before."""
        self._expected = key

    def is_expected(self, key: object) -> bool:
        """Return whether the caller went on as before, so that it will probably do so again."""
        return self._expected == key

    def begin(self, key: object, items: Generator[T], *, cancel: Callable[[], None]) -> None:
        """Let a thread wait for the first item of a generator."""
        self.close()
        self._process, self._ready = os.getpid(), (key, Beginning(items, cancel=cancel))

    def take(self, key: object) -> Generator[T] | None:
        """Return the items that begin at a key; None if another one or none was begun, which is closed."""
        ready = self._ready
        if ready is not None and ready[0] == key and self._process == os.getpid():
            self._ready = None
            return ready[1].give()
        self.close()
        return None

    def close(self) -> None:
        """Close what nobody asked for."""
        ready, self._ready = self._ready, None
        if ready is not None and self._process == os.getpid():
            ready[1].close()
