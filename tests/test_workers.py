"""The service by two workers: the command itself, with the real data."""

import mmap
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from service.__main__ import STARTUP_FAILURE
from service.settings import Settings
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

PAGES = tuple(f"/v1/datasets/mnist/train/rows?{query}" for query in ("format=ndjson&limit=3", "limit=50&seed=5"))
"""Pages that finished rows of one encoding serve."""

PATIENCE = 60
"""Seconds after which finished rows that are not there are a failure."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def server(cache: Path) -> Iterator[RunningServer]:
    environment = {**os.environ, "DIGITS_CACHE_DIR": str(cache)}
    with run_server([sys.executable, *SERVE, "--workers", str(WORKERS)], environment=environment) as started:
        yield started
    assert started.process.returncode == 0


@contextmanager
def connect_to_each(server: RunningServer) -> Iterator[list[HTTPConnection]]:
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


@pytest.fixture
def connections(server: RunningServer) -> Iterator[list[HTTPConnection]]:
    with connect_to_each(server) as each:
        yield each


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of the test's own, which has finished no rows yet, and makes every answer anew."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "DIGITS_RESPONSE_CACHE_BYTES": "0"}
    with run_server([sys.executable, *SERVE, "--workers", str(WORKERS)], environment=environment) as started:
        yield started
    assert started.process.returncode == 0
    assert list(tmp_path.iterdir()) == []


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


def get(connection: HTTPConnection, target: str) -> tuple[bytes, str | None]:
    """The body of an answer, and its entity tag."""
    connection.request("GET", target)
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read(), answer.headers["ETag"]


def read_figure(connection: HTTPConnection, name: str) -> float:
    """A figure of `/metrics`; 0 if it is not shown yet."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", get(connection, "/metrics")[0].decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def find_row_file(process: int, folder: Path) -> os.stat_result:
    """The file of finished rows: the only one without a name, of a folder, where no files have been built."""
    found = {}
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was open for a moment
            if descriptor.readlink().parent == folder:
                facts = descriptor.stat()
                found[facts.st_ino] = facts
    (file,) = found.values()
    return file


def find_mappings(process: int, inode: int) -> list[str]:
    """The positions in a file of the parts that a process has mapped."""
    try:
        lines = Path(f"/proc/{process}/maps").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return []
    return sorted(part[2] for part in map(str.split, lines) if part[4] == str(inode))


def find_builder(inode: int) -> int | None:
    """The process that has the lock of the file of finished rows."""
    locks = Path("/proc/locks").read_text(encoding="ascii")
    found = re.search(rf" POSIX +ADVISORY +WRITE (\d+) \S+:{inode} ", locks)
    return int(found[1]) if found else None


def test_finished_rows_are_made_once_and_mapped_by_all(fresh: RunningServer, tmp_path: Path) -> None:
    inode = find_row_file(fresh.process.pid, tmp_path).st_ino
    with connect_to_each(fresh) as connections:
        expected = [get(connections[0], target) for target in PAGES]
        deadline = time.monotonic() + PATIENCE
        while not all(find_mappings(process, inode) for process in find_workers(fresh)):
            assert time.monotonic() < deadline, "no worker has finished the rows"
            for connection in connections:
                assert [get(connection, target) for target in PAGES] == expected
        for connection in connections:
            assert [get(connection, target) for target in PAGES] == expected
        builds = [read_figure(one, 'digits_build_seconds_count{kind="rows"}') for one in connections]
        room = read_figure(connections[0], "digits_row_stores_capacity_bytes")
        deadline = time.monotonic() + PATIENCE
        while (size := read_figure(connections[0], "digits_row_stores_bytes")) == 0:  # it is told once a second
            assert time.monotonic() < deadline
    assert builds == [1, 1]
    assert room == Settings().row_stores_bytes
    one, other = (find_mappings(process, inode) for process in find_workers(fresh))
    assert one == other
    assert 0 < find_row_file(fresh.process.pid, tmp_path).st_size - size < 2 * mmap.PAGESIZE


def test_a_worker_that_is_killed_while_it_finishes_rows_leaves_that_to_the_others(
    fresh: RunningServer, tmp_path: Path
) -> None:
    inode, site = find_row_file(fresh.process.pid, tmp_path).st_ino, Site(fresh.url)
    expected = [site.get(target).body for target in PAGES]
    deadline = time.monotonic() + PATIENCE
    while (builder := find_builder(inode)) is None:
        assert time.monotonic() < deadline, "no worker has begun"
        assert [site.get(target).body for target in PAGES] == expected
    assert builder in find_workers(fresh)
    os.kill(builder, signal.SIGKILL)
    while not any(find_mappings(process, inode) for process in find_workers(fresh)):
        assert time.monotonic() < deadline, "no worker has finished the rows"
        assert [site.get(target).body for target in PAGES] == expected
    os.kill(fresh.process.pid, signal.SIGHUP)
    old = set(find_workers(fresh))
    while old & set(find_workers(fresh)) or not all(find_mappings(one, inode) for one in find_workers(fresh)):
        assert time.monotonic() < deadline, "new workers have no finished rows"
        assert [site.get(target).body for target in PAGES] == expected
    with connect_to_each(fresh) as connections:
        assert read_figure(connections[0], 'digits_build_seconds_count{kind="rows"}') == 1


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
