"""Heavy answers: how long small ones wait, and what memory that takes, while many clients ask for the heaviest."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

from benchmarks import table
from benchmarks.cases import TRAIN
from benchmarks.offered import probe, quantile, read_slowly
from benchmarks.server import HOST, Cores, Server, service
from benchmarks.table import Table

SECONDS = 10.0

PAUSE = 0.02
"""Seconds between two looks at its memory."""

LONGEST = 50.0
"""Milliseconds within which 99 % of the small answers are expected."""

MOST = 300.0
"""Megabytes that all of them together may take."""


@dataclass(frozen=True)
class Crowd:
    """Clients that ask again and again; a path has a number, a new one each time. Slow ones read streams."""

    name: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    clients: int = 8
    slow: bool = False


@dataclass(frozen=True)
class Found:
    """Seconds of each small answer, and megabytes of memory again and again."""

    livez: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


BATCH = f"{TRAIN}/batches?batch_size=8192&scale=standard&seed={{}}"

GZIP = {"Accept-Encoding": "gzip"}

CROWDS = (
    Crowd("nobody (the noise)", "/livez", clients=0),
    Crowd("batches of 8,192 scaled, JSON", f"{BATCH}&format=json"),
    Crowd("1,000 rows scaled, CSV, gzip", f"{TRAIN}/rows?limit=1000&scale=standard&seed={{}}&format=csv", GZIP),
    Crowd("batches of one row, folds never seen", f"{TRAIN}/batches?batch_size=1&fold=1&folds=5&seed={{}}"),
    Crowd("grid.webp of 16 megapixels", f"{TRAIN}/grid.webp?limit=1250&scale=4&cmap=viridis&seed={{}}"),
    Crowd("100 neighbours", f"{TRAIN}/samples/{{}}/neighbors?k=100"),
    Crowd("whole file, NPZ, scaled", f"{TRAIN}.npz?scale=standard&seed={{}}"),
    Crowd("streams of 8,192 scaled, JSON lines, slow readers", f"{BATCH}&steps=7&format=ndjson", clients=64, slow=True),
    Crowd("streams of 8,192 scaled, Arrow, slow readers", f"{BATCH}&steps=7&format=arrow", clients=64, slow=True),
)


def run(cores: Cores) -> None:
    """Measure and print."""
    rows = Table(
        "Heavy answers",
        ("clients", "asking for", "/livez p99", "PNG p99", "at most", "reached", "memory + MB", "at most", "reached"),
        [
            f"For {SECONDS:g} seconds each, clients ask again and again, and read all or slowly. Milliseconds of",
            "`/livez` and of plain pictures meanwhile; memory is the most above rest that is no file's.",
        ],
    )
    rows.begin()
    for crowd in CROWDS:
        with service(cores.server) as server:
            asyncio.run(_bear(server, Crowd("", "/livez", clients=1), 1.0))
            rest = server.anonymous()
            found = asyncio.run(_bear(server, crowd, SECONDS))
        grown = max(found.memory) - rest
        worst = [quantile(found.livez, 0.99), quantile(found.pictures, 0.99)]
        rows.add(
            str(crowd.clients),
            crowd.name,
            *(f"{value:.1f}" for value in worst),
            f"{LONGEST:g}",
            table.reached(max(worst), LONGEST, most=True),
            f"{grown:.0f}",
            f"{MOST:g}",
            table.reached(grown, MOST, most=True),
        )


async def _bear(server: Server, crowd: Crowd, seconds: float) -> Found:
    """What is seen while a crowd asks."""
    found = Found()
    numbers, until = itertools.count(), perf_counter() + seconds
    samples = (f"{TRAIN}/samples/{number % 60_000}.png" for number in itertools.count(0, 7_919))
    probes = [
        asyncio.create_task(probe(server.port, itertools.repeat("/livez"), found.livez)),
        asyncio.create_task(probe(server.port, samples, found.pictures)),
    ]
    clients = [asyncio.create_task(_ask(server.port, crowd, numbers, until)) for _ in range(crowd.clients)]
    while perf_counter() < until:
        found.memory.append(server.anonymous())
        await asyncio.sleep(PAUSE)
    for task in (*probes, *clients):
        task.cancel()
    await asyncio.gather(*probes, *clients, return_exceptions=True)
    return found


async def _ask(port: int, crowd: Crowd, numbers: Iterator[int], until: float) -> None:
    """Be one of the crowd."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in crowd.headers.items())
    while perf_counter() < until:
        path = crowd.path.format(next(numbers))
        if crowd.slow:
            await read_slowly(port, until, path)
            continue
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{fields}Connection: close\r\n\r\n".encode())
            while await reader.read(1 << 18):
                pass
        finally:
            writer.close()
