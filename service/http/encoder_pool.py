"""The encoder pool: a few threads for work that would hold the event loop too long, and a bounded queue.

It decides which work comes next, and when there is too much of it. Knows no requests; a caller who leaves is a
cancelled `run`.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar, cast

from service.cancellation import run_until
from service.http.memory_budget import MemoryBudget
from service.http.priority import lower_priority
from service.http.problems import Overloaded
from service.http.request_record import follow

T = TypeVar("T")

INLINE = 2.0
"""Milliseconds that making a body may hold the event loop; what costs more is made in the pool."""

LONG = 250.0
"""Estimated milliseconds from which on work is long. One thread, if there are several, is left to shorter work."""

LEAST = 1.0
"""Milliseconds that any work counts as, so that kinds of cheap work take turns, too."""

LEARNING = 0.1
"""How much the last long work counts in the ratio of real to estimated time."""

STOPPING = "The service is stopping; try again, at another replica or in a moment."

BUSY = "Too many long encodings are waiting already; try again later."

UNCOUNTED = 2**62
"""The capacity of a budget that refuses nothing."""


@dataclass(eq=False)
class Work:
    """A function that waits for a thread or runs in one.

    `kind` is what shares of the pool are counted by, `cost` its estimated milliseconds, `memory` the bytes that it and
    its result take. The result is in a list, from which it is taken: what refers to the work, such as a thread that
    waits for the interpreter's lock, does not hold the result any longer than those who use it.
    """

    function: Callable[[], object]
    kind: str
    cost: float
    memory: int
    finished: asyncio.Future[None]
    result: list[object] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: bool = False


class EncoderPool:
    """Runs functions in threads, `threads` at a time.

    Work waits until a thread and the memory for it are free.

    - The kind of work that has taken the least time of threads comes next (start-time fair queueing), so that a kind of
      which much is waiting does not delay the others.
    - If `queue` of them wait already, the last one of the kind of which most are waiting is refused.
    - What would have to wait longer than `patience` seconds is refused at once, and what has waited so long, then.
    - Work whose `run` is cancelled leaves the queue, or ends at its next `checkpoint`.
    """

    def __init__(self, *, threads: int, queue: int, budget: MemoryBudget | None = None, patience: float = 10.0) -> None:
        """Start no thread yet."""
        self.budget = budget or MemoryBudget(capacity=UNCOUNTED)
        self.refused = 0
        self.abandoned = 0
        self._threads, self._queue, self._patience = threads, queue, patience
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="encoder", initializer=lower_priority)
        self._waiting: dict[str, deque[Work]] = {}
        self._running: set[Work] = set()
        self._served: dict[str, float] = {}
        self._pace = 1.0
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many functions wait for a thread or for memory."""
        return sum(map(len, self._waiting.values()))

    @property
    def running(self) -> int:
        """How many functions run."""
        return len(self._running)

    async def run(self, function: Callable[[], T], *, kind: str = "", cost: float = LEAST, memory: int = 0) -> T:
        """The result of `function`, called in a thread.

        The `memory` counts until this returns; the caller counts the result from then on.

        Raises:
            Overloaded: the queue is full, the wait too long, or the pool closed.
        """
        loop = asyncio.get_running_loop()
        size = min(memory, self.budget.largest)
        work = Work(follow(function), kind, max(cost, LEAST), size, loop.create_future())
        self._admit(work)
        self._dispatch()
        timer = loop.call_later(self._patience, self._expire, work)
        try:
            await work.finished
            return cast("T", work.result.pop())
        except asyncio.CancelledError:
            self._abandon(work)
            raise
        finally:
            timer.cancel()
            if work.ended:
                self.budget.remove(work.memory)

    async def prepare(self) -> None:
        """Start every thread, so that no answer waits for it, and none has to be started later."""
        started = threading.Barrier(self._threads)
        await asyncio.gather(*(self.run(started.wait) for _ in range(self._threads)))

    def close(self) -> None:
        """Refuse work that waits or comes from now on. What runs goes on; threads without work end."""
        self._closed = True
        for work in [work for works in self._waiting.values() for work in works]:
            self._refuse(work, STOPPING, 1.0)
        self._executor.shutdown(wait=False)

    def estimate_wait(self, kind: str, cost: float) -> float:
        """Estimated seconds that more work of a kind and of so many milliseconds would wait for a thread.

        The work of its kind that waits comes before it, and as much of each other kind.
        """
        own = sum(work.cost for work in self._waiting.get(kind, ()))
        others = (sum(work.cost for work in works) for name, works in self._waiting.items() if name != kind)
        running = sum(work.cost for work in self._running)
        total = own + running + sum(min(own + LEAST, other) for other in others)
        threads = self._threads if cost < LONG else max(1, self._threads - 1)
        return total * self._pace / threads / 1e3

    def _admit(self, work: Work) -> None:
        """Let work wait.

        Raises:
            Overloaded: there is too much.
        """
        if self._closed:
            self.refused += 1
            raise Overloaded(STOPPING)
        wait = self.estimate_wait(work.kind, work.cost)
        if self.waiting and wait > self._patience:
            self.refused += 1
            raise Overloaded(BUSY, seconds=wait)
        if work.kind not in self._waiting and work.kind not in (one.kind for one in self._running):
            active = [self._served.get(kind, 0.0) for kind in self._active()]
            self._served[work.kind] = max(self._served.get(work.kind, 0.0), min(active, default=0.0))
        self._waiting.setdefault(work.kind, deque()).append(work)
        if self.waiting > self._queue + self._count_free_threads():
            longest = max(self._waiting, key=lambda kind: (len(self._waiting[kind]), kind == work.kind))
            self._refuse(self._waiting[longest][-1], BUSY, wait)

    def _active(self) -> Iterator[str]:
        yield from self._waiting
        yield from (work.kind for work in self._running)

    def _count_free_threads(self) -> int:
        return self._threads - len(self._running)

    def _refuse(self, work: Work, message: str, seconds: float) -> None:
        self.refused += 1
        self._drop(work)
        if not work.finished.done():
            work.finished.set_exception(Overloaded(message, seconds=seconds))

    def _expire(self, work: Work) -> None:
        """Refuse work that has waited too long."""
        if self._is_waiting(work):
            self._refuse(work, BUSY, self.estimate_wait(work.kind, work.cost))
            self._dispatch()  # what was behind it may need less memory

    def _abandon(self, work: Work) -> None:
        """Let go of work that nobody waits for."""
        self.abandoned += 1
        work.cancelled.set()
        if self._is_waiting(work):
            self._drop(work)
            self._dispatch()  # what was behind it may need less memory

    def _is_waiting(self, work: Work) -> bool:
        return work in self._waiting.get(work.kind, ())

    def _drop(self, work: Work) -> None:
        """Take work out of the queue."""
        works = self._waiting[work.kind]
        works.remove(work)
        if not works:
            del self._waiting[work.kind]

    def _dispatch(self) -> None:
        """Start what can be started."""
        while self._count_free_threads() and (work := self._find_next()) is not None:
            self._start(work)
        self.budget.call_on_room(self._dispatch if self._waiting else None)

    def _find_next(self) -> Work | None:
        """The first work of the kind that has taken the least time, of those that can be started."""
        kinds = sorted(self._waiting, key=lambda kind: self._served[kind])
        firsts = (self._waiting[kind][0] for kind in kinds)
        return next((work for work in firsts if self._is_wanted(work) and self._is_allowed(work)), None)

    def _is_wanted(self, work: Work) -> bool:
        """Whether there is room for work, and its caller has not left in this turn of the loop."""
        return not work.finished.done() and self.budget.fits(work.memory)

    def _is_allowed(self, work: Work) -> bool:
        """Whether a thread is left for short work if this one starts."""
        long = sum(one.cost >= LONG for one in self._running)
        return work.cost < LONG or self._threads == 1 or long < self._threads - 1

    def _start(self, work: Work) -> None:
        self._drop(work)
        self._running.add(work)
        self._served[work.kind] += work.cost
        self.budget.add(work.memory)
        self._executor.submit(self._call, work, asyncio.get_running_loop())

    def _call(self, work: Work, loop: asyncio.AbstractEventLoop) -> None:
        """Call the function, in a thread."""
        began = perf_counter()
        failure: BaseException | None = None
        try:
            work.result.append(run_until(work.cancelled, work.function))
        except BaseException as error:  # noqa: BLE001 - whoever waits for the result gets it
            failure = error
        seconds = perf_counter() - began
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._finish, work, failure, seconds)

    def _finish(self, work: Work, failure: BaseException | None, seconds: float) -> None:
        """Give the result to whoever waits for it, and the thread to the next one."""
        self._running.discard(work)
        if work.finished.done():
            work.result.clear()
            self.budget.remove(work.memory)
        else:
            work.ended = True
            self._learn(work, seconds)
            if failure is None:
                work.finished.set_result(None)
            else:
                work.finished.set_exception(failure)
        if not self._waiting and not self._running:
            self._served.clear()
        self._dispatch()

    def _learn(self, work: Work, seconds: float) -> None:
        """Compare what work took with what was estimated; long work tells more."""
        weight = LEARNING * min(1.0, work.cost / LONG)
        self._pace += weight * (seconds * 1e3 / work.cost - self._pace)
