"""The service by two workers: the command itself, with the real data."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from service.__main__ import STARTUP_FAILURE
from tests.processes import SERVE, RunningServer, run_server
from tests.sites import Site
from tests.test_main import command, copy

__all__ = ["copy"]  # a fixture

WORKERS = 2

MOST_BYTES = 120_000_000
"""The share of memory that a worker may have."""

ANSWERS = (
    "/v1/datasets",
    "/v1/datasets/mnist/train/rows?limit=50&seed=7",
    "/v1/datasets/mnist/train/samples/7.png",
    "/v1/datasets/mnist/train/batches?seed=3&format=safetensors",
    "/v1/datasets/mnist/test/labels",
    "/v1/datasets/digits/all.npz",
    "/v1/datasets/digits/all.parquet",
    "/mirrors/mnist/t10k-labels-idx1-ubyte.gz",
    "/openapi.json",
)
"""One of each kind: made here, in a thread, as a file, and an original."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def server(cache: Path) -> Iterator[RunningServer]:
    environment = {**os.environ, "DIGITS_CACHE_DIR": str(cache)}
    with run_server([sys.executable, *SERVE, "--workers", str(WORKERS)], environment=environment) as started:
        yield started
    assert started.process.returncode == 0


@pytest.fixture
def connections(server: RunningServer) -> Iterator[list[HTTPConnection]]:
    """A connection to each worker."""
    place, found = urlsplit(server.url), dict[str, HTTPConnection]()
    with ExitStack() as stack:
        while len(found) < WORKERS:
            connection = stack.enter_context(closing(HTTPConnection(str(place.hostname), place.port, timeout=60)))
            connection.request("GET", "/livez")
            answer = connection.getresponse()
            assert answer.read()
            worker = str(answer.headers["X-Request-ID"]).partition("-")[0]
            found.setdefault(worker, connection)
        yield list(found.values())


def find_workers(server: RunningServer) -> list[int]:
    process = server.process.pid
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]


def find_share(process: int) -> int:
    """The proportional share of memory of a process, in bytes."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Pss: +(\d+) kB$", rollup, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1_024


def test_all_workers_give_the_same_bytes_under_the_same_entity_tags(connections: list[HTTPConnection]) -> None:
    for target in ANSWERS:
        given = set()
        for connection in connections:
            connection.request("GET", target)
            answer = connection.getresponse()
            assert answer.status == 200
            given.add((answer.headers["ETag"], answer.headers["Content-Type"], answer.read()))
        assert len(given) == 1


def test_all_workers_are_ready_with_all_data(connections: list[HTTPConnection]) -> None:
    for connection in connections:
        connection.request("GET", "/readyz")
        assert b'"mnist":70000,"digits":1797' in connection.getresponse().read()


def test_the_pixels_are_held_once_for_all(server: RunningServer, cache: Path) -> None:
    (file,) = cache.iterdir()
    for process in (server.process.pid, *find_workers(server)):
        assert f" {file}\n" in Path(f"/proc/{process}/maps").read_text(encoding="utf-8")


def test_each_worker_takes_little_memory(server: RunningServer, connections: list[HTTPConnection]) -> None:
    for number in range(5):
        for connection in connections:
            connection.request("GET", f"/v1/datasets/mnist/train/rows?offset={number * 100}&format=parquet")
            assert connection.getresponse().read()
    workers = find_workers(server)
    assert len(workers) == WORKERS
    for process in workers:
        assert find_share(process) < MOST_BYTES


def test_the_supervisor_has_one_thread_so_that_it_may_fork(server: RunningServer) -> None:
    assert len(list(Path(f"/proc/{server.process.pid}/task").iterdir())) == 1


def test_metrics_count_all_workers(server: RunningServer, connections: list[HTTPConnection]) -> None:
    for connection in connections:
        for _ in range(3):
            connection.request("GET", "/v1/datasets/digits")
            assert connection.getresponse().read()
    text = Site(server.url).get("/metrics").body.decode()
    line = 'digits_requests_total{method="GET",route="/v1/datasets/{dataset}",status="200"} 6.0'
    assert line in text.splitlines()


def test_damaged_data_end_it_as_they_end_a_single_process(copy: Path) -> None:
    file = copy / "service" / "datasets" / "originals" / "t10k-labels-idx1-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-1])
    environment = {"DIGITS_CACHE_DIR": str(copy / "cache"), "DIGITS_LOG_FORMAT": "human"}
    told = []
    for workers in ("1", "2"):
        run = command("serve", "--port", "0", "--workers", workers, folder=copy, environment=environment)
        assert run.returncode == STARTUP_FAILURE
        told.append([line for line in run.stderr.splitlines() if line.startswith("ERROR")])
    assert told[0] == told[1]
    assert "t10k-labels-idx1-ubyte.gz is damaged: " in told[0][0]


def test_a_cache_that_cannot_be_made_is_told_in_one_line_and_the_workers_share_private_memory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = {**os.environ, "DIGITS_CACHE_DIR": str(tmp_path / "file" / "cache")}
    told: list[str] = []
    with run_server([sys.executable, *SERVE, "--workers", "2"], environment=environment) as server:
        assert Site(server.url).get("/readyz").status == 200
        for process in find_workers(server):
            assert find_share(process) < MOST_BYTES
        told += server.told
    assert server.process.returncode == 0
    assert len([line for line in told if "held in memory of this process" in line]) == 1
