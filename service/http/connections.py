"""Connections: how many there may be, how long each may wait for what, and which ends when there are too many.

Knows neither HTTP nor sockets. One task looks at all connections from time to time, so that a request costs no timer.
"""

import asyncio
import resource
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto
from heapq import nsmallest
from typing import Protocol

LINGER_SECONDS = 2.0
"""Seconds for which a refused client may still send: a connection that is closed while it sends loses the answer."""

SPARE = 32
"""Connections beyond the most, of which each may ask for the health of the service, and then ends."""

RESERVED = 64
"""File descriptors for everything but connections: listeners, data, built files, and what is opened for a moment."""

LARGEST_RESERVE = 1_024
"""File descriptors that are kept for everything but connections where the limit is high."""

EVICTED = 0.02
"""Share of the connections that end together when there are too many, so that not each new one has to look for one."""

ROUND = 500
"""Connections that are looked at in one turn of the event loop: about a millisecond."""

YOUNG_SECONDS = 0.25
"""Seconds for which a new connection is not taken for an idle one: its first request may be on the way."""

SEARCH_SECONDS = 0.1
"""Seconds after which idle connections are looked for again where there were none."""


class Phase(Enum):
    """What a connection waits for."""

    IDLE = auto()
    """The next request, or the first one."""
    HEAD = auto()
    """The rest of a head."""
    BODY = auto()
    """More of a body."""
    WORK = auto()
    """The application; it bounds its work itself."""
    WRITE = auto()
    """The client, to read."""
    LINGER = auto()
    """The client, to see that it was refused."""


@dataclass(frozen=True)
class ConnectionBounds:
    """How many connections there may be, and the seconds that each may wait."""

    most: int = 2_000
    idle_seconds: float = 75
    head_seconds: float = 20
    body_seconds: float = 20
    write_seconds: float = 60

    def find_seconds(self, phase: Phase, requests: int) -> float | None:
        """How long a connection may be in a phase without progress; None if for ever."""
        match phase:
            case Phase.IDLE:
                return self.idle_seconds if requests else min(self.idle_seconds, self.head_seconds)
            case Phase.HEAD:
                return self.head_seconds
            case Phase.BODY:
                return self.body_seconds
            case Phase.WRITE:
                return self.write_seconds
            case Phase.LINGER:
                return LINGER_SECONDS
            case Phase.WORK:
                return None

    @property
    def interval(self) -> float:
        """Seconds after which connections are looked at again."""
        return min(1.0, 0.25 * min(self.idle_seconds, self.head_seconds, self.body_seconds, self.write_seconds))


class Connection(Protocol):
    """What has to be known of a connection."""

    requests: int
    """Requests that it has begun to send."""

    def find_wait(self) -> tuple[Phase, object]:
        """What it waits for, and something that changes when that comes nearer."""

    def time_out(self, phase: Phase) -> None:
        """End it, because it has been in this phase for too long."""

    def close_idle(self) -> None:
        """End it; it is idle."""


class Watch:
    """Ends connections that wait too long, and idle ones where there are too many."""

    def __init__(self, bounds: ConnectionBounds) -> None:
        """Watch no connection yet."""
        self.bounds = bounds
        self.most = bounds.most
        self._waits: dict[Connection, tuple[Phase, object, float]] = {}
        self._searched = 0.0

    async def run(self, connections: Collection[Connection]) -> None:
        """Look at the connections, which come and go, until cancelled."""
        while True:
            await asyncio.sleep(self.bounds.interval)
            for number, connection in enumerate(list(connections), start=1):
                if connection in connections:
                    self.look(connection)
                if number % ROUND == 0:
                    await asyncio.sleep(0)

    def look(self, connection: Connection) -> None:
        """End a connection that has waited too long for the same thing."""
        now = asyncio.get_running_loop().time()
        phase, progress = connection.find_wait()
        last = self._waits.get(connection)
        if last is None or last[:2] != (phase, progress):
            self._waits[connection] = phase, progress, now
            return
        seconds = self.bounds.find_seconds(phase, connection.requests)
        if seconds is not None and now - last[2] >= seconds:
            connection.time_out(phase)

    def note(self, connection: Connection) -> None:
        """Note a connection that has just been made."""
        self._waits[connection] = Phase.IDLE, (0, 0), asyncio.get_running_loop().time()

    def forget(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self._waits.pop(connection, None)

    def make_room(self) -> bool:
        """End the connections that have been idle for the longest time; False if none is idle."""
        now = asyncio.get_running_loop().time()
        if now - self._searched < SEARCH_SECONDS:
            return False
        old = now - YOUNG_SECONDS
        idle = [
            one
            for one, (_, _, since) in self._waits.items()
            if (one.requests or since < old) and one.find_wait()[0] is Phase.IDLE
        ]
        if not idle:
            self._searched = now
            return False
        for one in nsmallest(max(1, int(EVICTED * self.most)), idle, key=lambda one: self._waits[one][2]):
            one.close_idle()
            self.forget(one)  # or it would be found again until it is gone, in place of others
        return True


def bound_by_descriptors(most: int) -> int:
    """The most connections for which there are file descriptors, at most `most`; raises the limit as far as allowed.

    A quarter of the descriptors, 64 to 1,024 of them, is kept for everything else. Like the runtime of Go, this raises
    the soft limit, which is low for the sake of programs that call select(2).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + SPARE + LARGEST_RESERVE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return most
    reserve = min(LARGEST_RESERVE, max(RESERVED, soft // 4))
    return max(1, min(most, soft - reserve - SPARE))
