"""Offered load: requests at a rate that does not depend on how fast they are answered, on open connections."""

import asyncio
import itertools
import math
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

from benchmarks.cases import TRAIN
from benchmarks.server import HOST

PROBE_SECONDS = 0.02
"""Seconds between two requests of a probe, on a connection of its own."""

EPOCH = f"{TRAIN}/batches?batch_size=1024&steps=all&format=arrow&scale=unit"
"""An epoch as a stream."""

LEAVING = 100
"""Of so many requests, the client of one leaves before its answer, where clients leave."""

SLOW_BYTES, SLOW_SECONDS = 16_384, 0.25
"""What a slow reader reads at a time, and how long it waits between."""


@dataclass
class Outcome:
    """What became of the requests: seconds of each answer by status, those that no connection was free for, probes."""

    answers: dict[int, list[float]] = field(default_factory=dict)
    unsent: int = 0
    probes: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers with the status 200 in a second."""
        return len(self.answers.get(200, ())) / self.seconds

    @property
    def failed(self) -> int:
        """Answers of 5xx other than 503."""
        return sum(len(seconds) for status, seconds in self.answers.items() if status >= 500 and status != 503)


def quantile(seconds: list[float], part: float) -> float:
    """Milliseconds that a part of the answers took at most, NaN if there is none."""
    return 1e3 * sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * part))] if seconds else math.nan


def list_paths(seed: int) -> Iterator[str]:
    """Paths of all kinds of short answers, each one new."""
    chance = random.Random(seed)
    while True:
        row = chance.randrange(59_000)
        yield chance.choice(
            (
                f"{TRAIN}/samples/{row}.png",
                f"{TRAIN}/samples/{row}",
                f"{TRAIN}/samples/{row}.png?scale=4&cmap=viridis",
                f"{TRAIN}/samples/{row}/neighbors?k=3" if row % 8 == 0 else f"{TRAIN}/samples/{row}.svg",
                f"{TRAIN}/rows?offset={row}&limit={10 + row % 90}",
                f"{TRAIN}/rows?offset={row}&limit=64&format=npy",
                f"{TRAIN}/rows?offset={row}&limit=100&format=csv",
                f"{TRAIN}/batches?batch_size=128&scale=unit&seed={row % 7}&start={row}",
                f"{TRAIN}/batches/plan?world_size=8&seed={row}",
                f"{TRAIN}/grid.png?limit=50&offset={row}" if row % 4 == 0 else "/v1/datasets/mnist",
            )
        )


class Connection(asyncio.Protocol):
    """A connection that asks for one thing at a time; `done` is called with the status and the seconds of an answer."""

    transport: asyncio.Transport

    def __init__(self, load: "Load") -> None:
        """Belong to a load."""
        self.load = load
        self.received = bytearray()
        self.missing: int | None = None
        self.status = 0
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, path: str) -> None:
        """Send a request."""
        self.began, self.missing = perf_counter(), None
        self.received.clear()
        self.transport.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """Read an answer, of which only the head is kept."""
        size = len(data)
        if self.missing is None:
            self.received += data
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.received[:end]).lower()
            self.status = int(head[9:12])
            self.missing = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            size = len(self.received) - end - 4
        self.missing -= size
        if self.missing <= 0:
            self.load.done(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Let another one take its place."""
        self.load.replace()


class Load:
    """Requests to a server: as many as it answers (`rate` None), or at a rate in requests a second."""

    def __init__(
        self, port: int, *, connections: int, rate: float | None, leaving: bool = False, seed: int = 1
    ) -> None:
        """Have so many connections; `leaving` clients do not always wait for their answer."""
        self.port, self.rate, self.leaving = port, rate, leaving
        self.connections = connections
        self.free: deque[Connection] = deque()
        self.paths = list_paths(seed)
        self.outcome = Outcome()
        self.running = True

    async def run(self, seconds: float) -> Outcome:
        """Send requests for so long."""
        loop = asyncio.get_running_loop()
        for _ in range(self.connections):
            _, connection = await loop.create_connection(lambda: Connection(self), HOST, self.port)
            self.free.append(connection)
        probing = asyncio.create_task(probe(self.port, itertools.repeat("/livez"), self.outcome.probes))
        began = perf_counter()
        if self.rate is None:
            for _ in range(self.connections):
                self.free.popleft().ask(next(self.paths))
            await asyncio.sleep(seconds)
        else:
            await self._offer(self.rate, began, seconds)
        self.outcome.seconds = perf_counter() - began
        self.running = False
        probing.cancel()
        return self.outcome

    async def _offer(self, rate: float, began: float, seconds: float) -> None:
        sent = 0
        while (passed := perf_counter() - began) < seconds:
            for _ in range(int(passed * rate) - sent):
                sent += 1
                connection = self._take()
                if connection is None:
                    self.outcome.unsent += 1
                    continue
                connection.ask(next(self.paths))
                if self.leaving and sent % LEAVING == 0:
                    connection.transport.abort()
            await asyncio.sleep(0.001)

    def _take(self) -> Connection | None:
        """A connection that is free and open, None if there is none."""
        while self.free:
            connection = self.free.popleft()
            if not connection.transport.is_closing():
                return connection
        return None

    def done(self, connection: Connection) -> None:
        """Note an answer, and send the next request, or wait for one that is due."""
        if not self.running:
            return
        self.outcome.answers.setdefault(connection.status, []).append(perf_counter() - connection.began)
        if self.rate is None:
            connection.ask(next(self.paths))
        else:
            self.free.append(connection)

    def replace(self) -> None:
        """Connect anew, because a connection has ended."""
        if self.running:
            asyncio.ensure_future(self._connect())  # noqa: RUF006 - it holds itself until it is done

    async def _connect(self) -> None:
        _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(self), HOST, self.port)
        self.free.append(connection)


async def probe(port: int, paths: Iterator[str], seconds: list[float]) -> None:
    """Ask for small answers on one connection, until cancelled, and note how long each took."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        while True:
            began = perf_counter()
            writer.write(f"GET {next(paths)} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            seconds.append(perf_counter() - began)
            await asyncio.sleep(PROBE_SECONDS)
    finally:
        writer.close()


async def read_slowly(port: int, until: float, path: str = EPOCH) -> None:
    """Read a stream a little at a time, until a time of `perf_counter`; connect anew at its end."""
    while perf_counter() < until:
        reader, writer = await asyncio.open_connection(HOST, port, limit=SLOW_BYTES)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        while perf_counter() < until and await reader.read(SLOW_BYTES):  # noqa: ASYNC110 - it waits for nothing
            await asyncio.sleep(SLOW_SECONDS)
        writer.close()
