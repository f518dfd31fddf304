"""Admission: in which order requests get the event loop, and which are refused because too many wait already.

Knows no sockets. The event loop alone would start every request that it has read before it reads on: 64 requests of 2 ms
each would hold it for 128 ms. Here only so many start in a turn of the loop as fit into a time slice; between them it
reads, writes, and answers what does not wait.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

SLICE = 0.005
"""Seconds of a turn of the event loop in which requests are started. A turn without any costs a few microseconds, and up to
a millisecond while threads run Python, so that a slice for each request alone would cost many requests a second."""

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
    """Whether its client has disconnected."""


class Admission:
    """The queue of requests that have been read and not started, and the turns of long answers."""

    def __init__(self, *, queue: int = 1_000, seconds: float = 1.0) -> None:
        """Let at most `queue` requests wait, and no further one while the first of them has waited for `seconds`."""
        self._most = queue
        self._seconds = seconds
        self._requests: deque[WaitingRequest] = deque()
        self._steps: deque[asyncio.Future[None]] = deque()
        self._starts = 4
        self._started = 0
        self._began = 0.0
        self._logged = 0.0
        self.occupied = False
        """Whether something was started in this turn of the loop, so that the next request has to wait."""
        self.refused = 0
        """Requests that were refused so far."""

    @property
    def waiting(self) -> int:
        """Requests that wait at present."""
        return len(self._requests)

    def occupy(self) -> None:
        """Note that a request is started in this turn."""
        if not self.occupied:
            self.occupied = True
            asyncio.get_running_loop().call_soon(self._turn)

    def enqueue(self, start: Callable[[], None]) -> WaitingRequest | None:
        """Let a request wait until `start` is called; None if too many wait already."""
        now = asyncio.get_running_loop().time()
        requests = self._requests
        if requests and (len(requests) >= self._most or now - requests[0].since > self._seconds):
            self._count_refused(now)
            return None
        request = WaitingRequest(start, now)
        requests.append(request)
        self.occupy()
        return request

    def take_turn(self) -> asyncio.Future[None]:
        """What an answer under way waits for before its next step, so that steps and new requests take turns."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._steps.append(turn)
        self.occupy()
        return turn

    def _turn(self) -> None:
        """Start as much as fits into a slice. Called once per turn of the loop, after what was started in the last."""
        if self._started:
            self._adapt(perf_counter() - self._began)
        self._started = 0
        if self._requests or self._steps:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._begin)
            while self._started < self._starts and (self._requests or self._steps):
                self._started += self._start_request() + self._start_step()
            loop.call_soon(self._turn)
        else:
            self.occupied = False

    def _begin(self) -> None:
        self._began = perf_counter()

    def _adapt(self, seconds: float) -> None:
        """Start fewer the next time if those of the last turn took too long, and more if they did not."""
        if seconds > SLICE:
            self._starts = max(1, int(self._started * SLICE / seconds))
        elif self._started >= self._starts:
            self._starts = min(MOST_STARTS, 2 * self._starts)

    def _start_request(self) -> bool:
        while self._requests:
            request = self._requests.popleft()
            if not request.dropped:
                request.start()
                return True
        return False

    def _start_step(self) -> bool:
        while self._steps:
            turn = self._steps.popleft()
            if not turn.done():  # or its task was cancelled
                turn.set_result(None)
                return True
        return False

    def _count_refused(self, now: float) -> None:
        self.refused += 1
        if now - self._logged > LOG_SECONDS:
            self._logged = now
            log.warning("refusing requests: %d are waiting; %d were refused so far", len(self._requests), self.refused)
