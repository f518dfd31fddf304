"""Load: what is asked, again and again, of one server or of two by turns. wrk makes it, on a core of its own."""

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.server import Server

SCRIPT = Path(__file__).with_name("load.lua")

CONNECTIONS = 8
"""Connections at once: enough that the server never waits for the load."""


@dataclass(frozen=True)
class Ask:
    """A request. Every `{N}` in its path is a new random number from 0 to N-1 each time, `{+K}` the last one plus K."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rate:
    """What a server did in one round: requests and bytes a second, and microseconds of its processor a request."""

    requests: float
    bytes: float
    cpu: float


@dataclass(frozen=True)
class Comparison:
    """Two servers under the same load: the median of the rounds of each, and of the ratios of neighbouring rounds."""

    ours: Rate
    theirs: Rate
    requests: float
    bytes: float
    cpu: float
    """Of processor time, theirs by ours, so that more is better here, too. A server that has its core to itself and
    never waits shows this in requests a second; one that is disturbed, or waits for its load, shows it here alone."""


def demand_wrk() -> None:
    """End with a clear sentence where the load generator is missing."""
    for tool, package in (("wrk", "wrk"), ("taskset", "util-linux")):
        if shutil.which(tool) is None:
            sys.exit(f"The benchmarks need {tool}, which is not on PATH: install it, e.g. `apt install {package}`.")


def measure(server: Server, ask: Ask, *, core: int, seconds: int = 1) -> Rate:
    """One round of load on a server.

    Raises:
        RuntimeError: an answer was an error, so the figures mean nothing.
    """
    headers = [word for name, value in ask.headers.items() for word in ("--header", f"{name}: {value}")]
    options = ["--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", "--timeout", "30s"]
    arguments = [ask.method, ask.path, str(time.time_ns() % 2**31)]
    command = ["wrk", *options, *headers, "--script", str(SCRIPT), server.url, "--", *arguments]
    before = server.cpu()
    run = subprocess.run(["taskset", "--cpu-list", str(core), *command], capture_output=True, text=True, check=False)
    spent = server.cpu() - before
    line = next((line for line in run.stdout.splitlines() if line.startswith("measured ")), None)
    if line is None:
        raise RuntimeError(f"wrk failed: {run.stdout}{run.stderr}")
    requests, microseconds, size, failures = map(int, line.split()[1:])
    if failures:
        raise RuntimeError(f"{failures} of {requests} requests failed: {ask.method} {ask.path}")
    duration = microseconds / 1e6
    return Rate(requests / duration, size / duration, spent * 1e6 / max(1, requests))


def compare(ours: Server, our: Ask, theirs: Server, their: Ask, *, core: int, rounds: int) -> Comparison:
    """Load on two servers by turns: a noisy neighbour disturbs both alike, so ratios are steadier than rates."""
    pairs = [(measure(theirs, their, core=core), measure(ours, our, core=core)) for _ in range(rounds)]
    return Comparison(
        ours=_median([mine for _, mine in pairs]),
        theirs=_median([other for other, _ in pairs]),
        requests=statistics.median(mine.requests / other.requests for other, mine in pairs),
        bytes=statistics.median(mine.bytes / other.bytes for other, mine in pairs),
        cpu=statistics.median(other.cpu / mine.cpu for other, mine in pairs),
    )


def _median(rates: list[Rate]) -> Rate:
    return Rate(
        statistics.median(one.requests for one in rates),
        statistics.median(one.bytes for one in rates),
        statistics.median(one.cpu for one in rates),
    )
