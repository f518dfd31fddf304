"""Load: what is asked, again and again, of one server or of two by turns. wrk makes it, on a core of its own."""

import http.client
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path

from benchmarks.server import HOST, PATIENCE, Server

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

    @property
    def cpu_per_byte(self) -> float:
        """Microseconds of its processor a byte: the better figure where few answers are whole when a round ends."""
        return self.cpu * self.requests / self.bytes


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
        RuntimeError: an answer was an error, or none came, so the figures mean nothing.
    """
    before = server.cpu()
    made = _heads(server, ask, seconds) if ask.method == "HEAD" else _wrk(server, ask, core, seconds)
    spent = server.cpu() - before
    if made.failures or not made.requests:
        raise RuntimeError(f"{made.failures} failures, {made.requests} answers: {ask.method} {ask.path}")
    return Rate(made.requests / made.seconds, made.bytes / made.seconds, spent * 1e6 / made.requests)


@dataclass(frozen=True)
class Made:
    """The load that was made."""

    requests: int
    seconds: float
    bytes: int
    failures: int


def _wrk(server: Server, ask: Ask, core: int, seconds: int) -> Made:
    """Load by wrk."""
    headers = [word for name, value in ask.headers.items() for word in ("--header", f"{name}: {value}")]
    options = ["--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", "--timeout", "30s"]
    arguments = [ask.method, ask.path, str(time.time_ns() % 2**31)]
    command = ["wrk", *options, *headers, "--script", str(SCRIPT), server.url, "--", *arguments]
    run = subprocess.run(["taskset", "--cpu-list", str(core), *command], capture_output=True, text=True, check=False)
    line = next((line for line in run.stdout.splitlines() if line.startswith("measured ")), None)
    if line is None:
        raise RuntimeError(f"wrk failed: {run.stdout}{run.stderr}")
    requests, microseconds, size, failures = map(int, line.split()[1:])
    return Made(requests, microseconds / 1e6, size, failures)


def _heads(server: Server, ask: Ask, seconds: int) -> Made:
    """Load by hand on one connection, for HEAD: wrk would wait for the body that `Content-Length` speaks of."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=PATIENCE)
    requests = failures = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        connection.request("HEAD", draw_numbers(ask.path), headers=dict(ask.headers))
        response = connection.getresponse()
        response.read()
        requests += 1
        failures += response.status >= HTTPStatus.BAD_REQUEST
    connection.close()
    return Made(requests, spent, 0, failures)


def draw_numbers(path: str) -> str:
    """A path with random numbers in place of each `{N}`."""
    return re.sub(r"\{(\d+)\}", lambda found: str(random.randrange(int(found[1]))), path)


def compare(
    ours: Server, our: Ask, theirs: Server, their: Ask, *, core: int, rounds: int, seconds: int = 1
) -> Comparison:
    """Load on two servers by turns: a noisy neighbour disturbs both alike, so ratios are steadier than rates."""
    measured = partial(measure, core=core, seconds=seconds)
    pairs = [(measured(theirs, their), measured(ours, our)) for _ in range(rounds)]
    return Comparison(
        ours=_median([mine for _, mine in pairs]),
        theirs=_median([other for other, _ in pairs]),
        requests=statistics.median(mine.requests / other.requests for other, mine in pairs),
        bytes=statistics.median(mine.bytes / max(1.0, other.bytes) for other, mine in pairs),
        cpu=statistics.median(other.cpu / mine.cpu for other, mine in pairs),
    )


def _median(rates: list[Rate]) -> Rate:
    return Rate(
        statistics.median(one.requests for one in rates),
        statistics.median(one.bytes for one in rates),
        statistics.median(one.cpu for one in rates),
    )
