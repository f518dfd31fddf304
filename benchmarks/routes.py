"""Each route beside the bare application, which answers with as many bytes."""

import re
from collections.abc import Sequence

from benchmarks import table
from benchmarks.cases import FRESH, REPEATED, WHOLE, Case
from benchmarks.load import Ask, Comparison, compare, measure
from benchmarks.server import Cores, Server, bare, service
from benchmarks.table import Table

SMALL_CACHE = 2_000_000
"""Bytes of response cache where nothing is to be found in it: of 60,000 pictures it holds two in a hundred, of pages
none in a thousand; keeping answers and dropping them again is part of what they cost."""

GROWTH = 2.0
"""Most memory that a whole split may cost, in sizes of its file."""

MOST_MEMORY = 350.0
"""Megabytes of one process after the whole load."""

MOST_START = 3.0
"""Seconds of processor time until ready."""

COLUMNS = ("request", "bytes", "bare/s", "service/s", "ratio", "CPU µs bare", "CPU µs service", "CPU ratio")

LEAST_OF_SAME = 0.8
"""Least ratio of a repeated answer to a bare application whose answer has as many bytes and header fields."""


def run(cores: Cores, *, rounds: int, quick: bool) -> None:
    """Measure and print: routes, whole splits, start-up and memory."""
    chosen = [tuple(case for case in cases if case.quick or not quick) for cases in (FRESH, REPEATED, WHOLE)]
    fresh, repeated, whole = chosen
    with bare(cores.server) as plain, service(cores.server, port=0) as ours:
        at_ready = ours.memory()
        with service(cores.server, response_cache_bytes=SMALL_CACHE) as forgetful:
            _fill_stores(forgetful, fresh, cores=cores)
            _rates("Random URLs, nothing cached", fresh, forgetful, plain, cores=cores, rounds=rounds)
            print(f"\nFound in a response cache of {SMALL_CACHE:,} bytes all the same: {_hits(forgetful):.1%}.")
        _rates("One URL, repeated", repeated, ours, plain, cores=cores, rounds=rounds)
        _repeated(repeated, ours, plain, cores=cores, rounds=rounds)
        _whole_splits(whole, ours, plain, cores=cores, rounds=rounds)
        for case in fresh:
            measure(ours, case.ask, core=cores.load)
        _start_and_memory(ours, at_ready.resident, at_ready.share)


def _fill_stores(ours: Server, cases: Sequence[Case], *, cores: Cores) -> None:
    """Ask until the row stores that serve these cases are made."""
    size = -1.0
    while size != (size := read_metric(ours, "digits_row_stores_bytes")):
        for case in cases:
            measure(ours, case.ask, core=cores.load)


def _rates(title: str, cases: Sequence[Case], ours: Server, plain: Server, *, cores: Cores, rounds: int) -> None:
    """A table of requests a second."""
    rows = Table(title, (*COLUMNS, "target", "reached"))
    rows.begin()
    for case in cases:
        size, found = beside(case.ask, ours, plain, cores=cores, rounds=rounds)
        rows.add(
            case.name,
            f"{size:,}",
            table.count(found.theirs.requests),
            table.count(found.ours.requests),
            table.ratio(found.requests),
            table.count(found.theirs.cpu),
            table.count(found.ours.cpu),
            table.ratio(found.cpu),
            table.at_least(case.target),
            table.reached(found.cpu, case.target),
        )


def _repeated(cases: Sequence[Case], ours: Server, plain: Server, *, cores: Cores, rounds: int) -> None:
    """A table of repeated answers beside what the server needs to send the same: as many bytes and header fields."""
    rows = Table(
        "One URL, repeated, beside a bare application with as many header fields",
        ("request", "fields", "CPU µs bare", "CPU µs service", "CPU ratio", "target", "reached"),
    )
    rows.begin()
    for case in cases:
        example = ours.ask(case.ask.path, method=case.ask.method, headers=case.ask.headers)
        size, fields = int(example.headers.get("content-length", "0")), len(example.headers) - 3
        same = Ask(f"/{example.status}/{size}/{fields}", case.ask.method)
        found = compare(ours, case.ask, plain, same, core=cores.load, rounds=rounds)
        rows.add(
            case.name,
            str(fields),
            table.count(found.theirs.cpu),
            table.count(found.ours.cpu),
            table.ratio(found.cpu),
            table.at_least(LEAST_OF_SAME),
            table.reached(found.cpu, LEAST_OF_SAME),
        )


def _whole_splits(cases: Sequence[Case], ours: Server, plain: Server, *, cores: Cores, rounds: int) -> None:
    """A table of bytes a second, and of what a file costs in memory while it is built and while it is sent."""
    rows = Table(
        "Whole files, second time",
        (
            "file",
            "bytes",
            "bare MB/s",
            "service MB/s",
            "ratio",
            "CPU ratio",
            "target",
            "reached",
            "memory grows by",
            "at most",
            "kept",
        ),
        [
            "Whether a target is reached is told by bytes a second. Growth is of the resident peak while the file is",
            "built and sent, in sizes of the file.",
        ],
    )
    rows.begin()
    for case in cases:
        before = ours.memory().resident
        ours.forget_peak()
        size = len(ours.ask(case.ask.path).body)
        built = (ours.memory().peak - before) * 1e6 / size
        _, found = beside(case.ask, ours, plain, cores=cores, rounds=rounds)
        rows.add(
            case.name,
            f"{size:,}",
            table.count(found.theirs.bytes / 1e6),
            table.count(found.ours.bytes / 1e6),
            table.ratio(found.bytes),
            table.ratio(found.theirs.cpu_per_byte / found.ours.cpu_per_byte),
            table.at_least(case.target),
            table.reached(found.bytes, case.target),
            f"{built:.2f} ×",
            f"{GROWTH:g} ×",
            table.reached(built, GROWTH, most=True),
        )


def _start_and_memory(ours: Server, resident: float, share: float) -> None:
    rows = Table("Start and memory of one process", ("what", "at most", "measured", "reached"))
    rows.begin()
    start, end = ours.cpu_seconds, ours.memory()
    reached = table.reached(start, MOST_START, most=True)
    rows.add("CPU seconds from exec to ready", f"{MOST_START:g} s", f"{start:.2f} s", reached)
    rows.add("seconds by the clock from exec to ready", "", f"{ours.seconds:.2f} s", "")
    rows.add("resident (PSS) at ready", "", f"{resident:.0f} MB ({share:.0f})", "")
    reached = table.reached(end.resident, MOST_MEMORY, most=True)
    rows.add(
        "resident (PSS) after the whole load",
        f"{MOST_MEMORY:g} MB",
        f"{end.resident:.0f} MB ({end.share:.0f})",
        reached,
    )
    rows.add("resident peak since the last file was built", "", f"{end.peak:.0f} MB", "")


def beside(ask: Ask, ours: Server, plain: Server, *, cores: Cores, rounds: int) -> tuple[int, Comparison]:
    """The size of an answer, and a request beside the bare application's answer of the same status and size."""
    example = ours.ask(typical(ask.path), method=ask.method, headers=ask.headers)
    size = int(example.headers.get("content-length", "0"))
    same = Ask(f"/{example.status}/{size}", ask.method)
    return size, compare(ours, ask, plain, same, core=cores.load, rounds=rounds)


def typical(path: str) -> str:
    """A path whose random numbers are in the middle of their range."""
    return re.sub(r"\{(\d+)\}", lambda found: str(int(found[1]) // 2), path)


def _hits(server: Server) -> float:
    """The share of requests that the response cache answered."""
    hits, misses = (read_metric(server, f"digits_response_cache_{name}_total") for name in ("hits", "misses"))
    return hits / max(1.0, hits + misses)


def read_metric(server: Server, name: str) -> float:
    """The value of a metric without labels."""
    lines = server.ask("/metrics").body.decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))
