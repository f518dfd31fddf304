"""Stalls: for how long a request at its largest parameters keeps the event loop from answering anything else."""

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks import table
from benchmarks.cases import TRAIN
from benchmarks.server import HOST, PATIENCE, Cores, Server, service
from benchmarks.table import Table

LONGEST = 10.0
"""Milliseconds that no request may keep others waiting."""

PAUSE = 0.0005
"""Seconds between two probes."""

ROUNDS = 5
"""Requests of each kind. The median of their longest stalls counts: one of them is easily a neighbour's."""

ALL = "/v1/datasets/mnist/all"
WHOLE_BATCH = f"{TRAIN}/batches?batch_size=8192&scale=standard&seed={{}}"
BINARY_PAGE = f"{TRAIN}/rows?limit=10000&scale=standard&seed={{}}"
TEXT_PAGE = f"{TRAIN}/rows?limit=1000&scale=standard&seed={{}}"


@dataclass(frozen=True)
class Heavy:
    """A request whose path has a number, a new one each time, so that nothing is cached."""

    name: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)


GZIP, ZSTD = ({"Accept-Encoding": coding} for coding in ("gzip", "zstd"))

CASES = (
    Heavy("nothing else (the noise)", "/livez"),
    *(Heavy(f"batch of 8,192 scaled, {name}", f"{WHOLE_BATCH}&format={name}") for name in ("npz", "json", "ndjson")),
    *(Heavy(f"stream of 8,192 scaled, {name}", f"{WHOLE_BATCH}&steps=3&format={name}") for name in ("arrow", "ndjson")),
    Heavy("stream of 8,192 scaled, ndjson, gzip", f"{WHOLE_BATCH}&steps=3&format=ndjson", GZIP),
    Heavy("order never seen", f"{TRAIN}/batches?seed={{}}"),
    Heavy("folds never seen", f"{TRAIN}/batches?fold=1&folds=5&per_class=3&seed={{}}"),
    Heavy("order, JSON", f"{ALL}/order?seed={{}}"),
    Heavy("plan of 65,536 ranks", f"{TRAIN}/batches/plan?world_size=65536&seed={{}}"),
    *(
        Heavy(f"10,000 rows scaled, {name}", f"{BINARY_PAGE}&format={name}")
        for name in ("npy", "npz", "arrow", "safetensors", "parquet")
    ),
    *(
        Heavy(f"1,000 rows scaled, {name}, gzip", f"{TEXT_PAGE}&format={name}", GZIP)
        for name in ("json", "ndjson", "csv")
    ),
    *(
        Heavy(f"1,000 rows scaled, {name}, zstd", f"{TEXT_PAGE}&format={name}", ZSTD)
        for name in ("json", "ndjson", "csv")
    ),
    Heavy("grid.png of 10,000", f"{TRAIN}/grid.png?limit=10000&seed={{}}"),
    Heavy("grid.png of 16 megapixels", f"{TRAIN}/grid.png?limit=1250&scale=4&cmap=viridis&seed={{}}"),
    Heavy("grid.webp of 10,000", f"{TRAIN}/grid.webp?limit=10000&seed={{}}"),
    Heavy("grid.json of 10,000", f"{TRAIN}/grid.json?limit=10000&seed={{}}"),
    Heavy("map of 10,000", f"{TRAIN}/projection?limit=10000&seed={{}}"),
    Heavy("PNG, scale 32, colours, caption", f"{TRAIN}/samples/{{}}.png?scale=32&cmap=magma&caption=true"),
    Heavy("WebP, scale 32, colours, caption", f"{TRAIN}/samples/{{}}.webp?scale=32&cmap=magma&caption=true"),
    Heavy("SVG", f"{TRAIN}/samples/{{}}.svg"),
    Heavy("100 neighbours", f"{ALL}/samples/{{}}/neighbors?k=100"),
    Heavy("cards", "/v1/datasets"),
    Heavy("labels", f"{ALL}/labels"),
    Heavy("mean of a class", f"{ALL}/labels/3/mean.png?scale=32"),
    Heavy("statistics", f"{ALL}/statistics"),
    Heavy("whole file, Parquet, scaled", f"{ALL}.parquet?scale=standard"),
    Heavy("whole file, NPZ, scaled", f"{ALL}.npz?scale=standard"),
    Heavy("whole file, Arrow, scaled", f"{ALL}.arrow?scale=standard"),
    Heavy("whole file, CSV", f"{ALL}.csv"),
    Heavy("whole file, NDJSON", f"{ALL}.ndjson"),
    Heavy("OpenAPI document", "/openapi.json"),
)


def run(cores: Cores) -> None:
    """Measure and print, with the response cache off."""
    rows = Table(
        "Longest stall of the event loop",
        ("request", "bytes", "first took", "others took", "stall, first", "stall, others", "at most", "reached"),
        [
            "Milliseconds. A second connection asks for `/livez` all the time; a stall is the longest that it waited",
            f"during a request. Of the {ROUNDS} requests after the first, the median. The first request builds a file.",
        ],
    )
    rows.begin()
    with service(cores.server, response_cache_bytes=0) as server:
        for number, case in enumerate(CASES):
            stalls, times, size = measure(server, case, number)
            others = statistics.median(stalls[1:])
            rows.add(
                case.name,
                f"{size:,}",
                f"{times[0]:.1f}",
                f"{statistics.median(times[1:]):.1f}",
                f"{stalls[0]:.1f}",
                f"{others:.1f}",
                f"{LONGEST:g}",
                table.reached(others, LONGEST, most=True),
            )


def measure(server: Server, case: Heavy, number: int) -> tuple[list[float], list[float], int]:
    """The longest stall of each request, how long each took, and the size of the last answer."""
    stalls, times, size = [], [], 0
    for turn in range(1 + ROUNDS):
        with probing(server) as waits:
            began = time.perf_counter()
            size = read(server, case.path.format(1 + 100 * number + turn), case.headers)
            times.append((time.perf_counter() - began) * 1e3)
        stalls.append(max(waits))
    return stalls, times, size


def read(server: Server, path: str, headers: dict[str, str]) -> int:
    """The number of bytes of an answer, which is not kept."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{response.status}: GET {path}")
        return sum(len(piece) for piece in iter(lambda: response.read(1 << 20), b""))
    finally:
        connection.close()


@contextmanager
def probing(server: Server) -> Iterator[list[float]]:
    """A thread that asks for `/livez` as long as the context lasts, and how long each answer took, in milliseconds."""
    waits: list[float] = []
    stop = threading.Event()
    connection = http.client.HTTPConnection(HOST, server.port, timeout=PATIENCE)

    def probe() -> None:
        while not stop.is_set():
            began = time.perf_counter()
            connection.request("GET", "/livez")
            connection.getresponse().read()
            waits.append((time.perf_counter() - began) * 1e3)
            stop.wait(PAUSE)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        thread.join()
        connection.close()
