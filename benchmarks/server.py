"""A Server: a process on one core and a free port of 127.0.0.1, measured from outside and ended by its id."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Self

HOST = "127.0.0.1"

PATIENCE = 60.0
"""Seconds that a server may take to be ready."""


@dataclass(frozen=True)
class Cores:
    """Where servers run and where load is made, so that neither takes the other's time."""

    server: int
    load: int

    @classmethod
    def found(cls) -> Self:
        """The first two cores that this process may use.

        Raises:
            SystemExit: there is only one.
        """
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            sys.exit("The benchmarks need two cores: one for the server, one for the load.")
        return cls(*cores[:2])


@dataclass(frozen=True)
class Memory:
    """Memory of a process in megabytes: resident, its share of it (PSS), the resident peak, and what is no file's."""

    resident: float
    share: float
    peak: float
    anonymous: float


@dataclass(frozen=True)
class Answer:
    """What was answered to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Server:
    """A running server, and what it cost until it was ready: seconds by the clock and of processor time."""

    pid: int
    port: int
    seconds: float
    cpu_seconds: float

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def ask(self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to one request on a connection of its own."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            response = connection.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, fields, response.read())
        finally:
            connection.close()

    def cpu(self) -> float:
        """Seconds of processor time of all that serve, to the nanosecond; see `processor_seconds`."""
        return sum(map(processor_seconds, self.workers()))

    def workers(self) -> list[int]:
        """The processes that serve: its children, or itself if it has none."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(child) for child in children] or [self.pid]

    def memory(self) -> Memory:
        """What it holds now, and the most it held since its start or the last `forget_peak`."""
        share = _kilobytes(Path(f"/proc/{self.pid}/smaps_rollup"), "Pss")
        status = Path(f"/proc/{self.pid}/status")
        return Memory(
            _kilobytes(status, "VmRSS") / 1e3,
            share / 1e3,
            _kilobytes(status, "VmHWM") / 1e3,
            self.anonymous(),
        )

    def anonymous(self) -> float:
        """Megabytes that it holds and that are no file's, without keeping it from working meanwhile."""
        return _kilobytes(Path(f"/proc/{self.pid}/status"), "RssAnon") / 1e3

    def forget_peak(self) -> None:
        """Let the peak of memory begin anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


@contextmanager
def serving(
    command: Sequence[str], *, core: int | str, ready: str | None, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server for as long as the context lasts; `{port}` in its command is a free port, `core` may be a list of cores.

    It is ready when it answers 200 at the path `ready`, or (None: it speaks no HTTP) when it takes connections.

    Raises:
        RuntimeError: it ended, or was not ready in time.
    """
    port = free_port()
    words = ["taskset", "--cpu-list", str(core), *(str(port) if word == "{port}" else word for word in command)]
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        process = subprocess.Popen(words, stdout=log, stderr=log, env={**os.environ, **(environment or {})})
        try:
            while not _ready(port, ready):
                if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                    log.seek(0)
                    raise RuntimeError(f"{' '.join(words)} did not start:\n{log.read().decode()[-2_000:]}")
                time.sleep(0.01)
            yield Server(process.pid, port, time.perf_counter() - began, _cpu_since_exec(process.pid))
        finally:
            process.terminate()
            process.wait(PATIENCE)


def service(core: int | str, **settings: object) -> AbstractContextManager[Server]:
    """The service with these settings, given by their names."""
    environment = {f"DIGITS_{name.upper()}": str(value) for name, value in settings.items()}
    command = (sys.executable, "-m", "service", "serve", "--port", "{port}")
    return serving(command, core=core, ready="/readyz", environment=environment)


def bare(core: int) -> AbstractContextManager[Server]:
    """The bare application, in the same server with the same settings."""
    words = "-m uvicorn benchmarks.bare:app --port {port} --loop uvloop --http httptools --lifespan on"
    more = "--no-access-log --no-server-header --log-level warning"
    return serving((sys.executable, *words.split(), *more.split()), core=core, ready="/200/1")


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _ready(port: int, path: str | None) -> bool:
    if path is None:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, port)) == 0
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def processor_seconds(pid: int) -> float:
    """Seconds of processor time of a process, with its ended threads, to the nanosecond.

    Source: Linux's clock of a process, as clock_getcpuclockid(3) numbers it.
    """
    return time.clock_gettime((~pid << 3) | 2)


def _cpu_since_exec(pid: int) -> float:
    """Seconds of processor time of a process and its ended threads, to the clock tick (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _kilobytes(file: Path, name: str) -> int:
    line = next(line for line in file.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])
