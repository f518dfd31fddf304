"""Admission: in which order requests get the event loop, and which are refused because too many wait already.

Knows no sockets. The event loop alone would start every request that it has read before it reads on: 64 requests of
2 ms each would hold it for 128 ms. Here only so many start in a turn of the loop as fit into a time slice; between the
turns it reads, writes, and answers what does not wait.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import thread_time

SLICE = 0.005
"""Seconds of a turn of the event loop that the requests started in it may take. A turn itself costs microseconds, but a
millisecond while threads run Python, so that a turn for each request would cost many requests a second."""

MOST_STARTS = 16
"""Most requests that are started in a turn, however cheap those before were: the next may take 2 ms each."""

LOG_SECONDS = 1.0
"""Seconds between two messages about refused requests: a line for each would cost as much as an answer."""

log = logging.getLogger("service")


@dataclass(slots=True)
class WaitingRequest:
    """A request that has been read and not started."""

    start: Callable[[], None]
    """Starts it; called at most once."""

    since: float
    """When it arrived, in seconds of the loop's clock."""

    dropped: bool = False
    """Whether its client has disconnected, or has another answer."""


class Admission:
    """The queue of requests that have been read and not started."""

    def __init__(self, *, queue: int = 1_000, seconds: float = 1.0) -> None:
        """Let at most `queue` requests wait, and no further one while the first of them has waited for `seconds`."""
        self._most = queue
        self._seconds = seconds
        self._requests: deque[WaitingRequest] = deque()
        self._starts = MOST_STARTS
        self._started = 0
        self._began = 0.0
        self._logged = 0.0
        self.refused = 0
        """Requests that were refused so far."""

    @property
    def waiting(self) -> int:
        """Requests that wait at present."""
        return len(self._requests)

    def take_place(self) -> bool:
        """Whether a request may start now; if not, it has to wait."""
        if self._requests or self._started >= self._starts:
            return False
        if not self._started:
            asyncio.get_running_loop().call_soon(self._begin_turn)
        self._started += 1
        return True

    def enqueue(self, start: Callable[[], None]) -> WaitingRequest | None:
        """Let a request wait until `start` is called; None if too many wait already."""
        now = asyncio.get_running_loop().time()
        requests = self._requests
        if requests and (len(requests) >= self._most or now - requests[0].since > self._seconds):
            self._count_refused(now)
            return None
        request = WaitingRequest(start, now)
        requests.append(request)
        return request

    def _begin_turn(self) -> None:
        """Take the time; called before the steps of the requests that were started."""
        if self._started == 1 and not self._requests:
            self._started = 0  # it shares the turn with no other
        else:
            self._began = thread_time()
            asyncio.get_running_loop().call_soon(self._end_turn)

    def _end_turn(self) -> None:
        """Start what fits into the next turn; called after the steps of the requests that were started."""
        self._adapt(thread_time() - self._began)
        self._started = 0
        requests = self._requests
        while requests and requests[0].dropped:
            requests.popleft()
        if requests:
            asyncio.get_running_loop().call_soon(self._begin_turn)
        while requests and self._started < self._starts:
            request = requests.popleft()
            if not request.dropped:
                request.start()
                self._started += 1

    def _adapt(self, seconds: float) -> None:
        """Start fewer in the next turn if those of the last one took too long, and more if they did not."""
        if seconds > SLICE:
            self._starts = max(1, int(self._started * SLICE / seconds))
        elif self._started >= self._starts:
            self._starts = min(MOST_STARTS, 2 * self._starts)

    def _count_refused(self, now: float) -> None:
        self.refused += 1
        if now - self._logged > LOG_SECONDS:
            self._logged = now
            log.warning("refusing requests: %d are waiting; %d were refused so far", len(self._requests), self.refused)
