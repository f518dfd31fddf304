"""Disks that are full, that nobody may write to, or that go away: files are 503, and everything else is answered."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.observe import assert_no_traceback, list_descriptors, wait_until
from tests.processes import SERVE, RunningServer, run_server
from tests.sites import Answer, Site

FILE = "/v1/datasets/mnist/test.npz"
"""8 MB, which are built on disk."""

SMALL = "/v1/datasets/digits/all.npz"
"""0.2 MB."""

OTHERS = (
    *("/livez", "/readyz", "/metrics", "/v1/datasets", "/v1/datasets/mnist/train/labels", "/"),
    *("/v1/datasets/digits/all/statistics", "/v1/datasets/mnist/train/samples/0.png", "/mirrors"),
    *("/v1/datasets/mnist/train/batches?steps=3&format=arrow", "/v1/datasets/digits/all/rows?format=parquet"),
)
"""What needs no disk."""

ROOM = 2_000_000
"""Bytes on the disk."""


@contextmanager
def serve_with(folder: Path, *prefix: str) -> Iterator[RunningServer]:
    """A server whose temporary directory is `folder`, started by a program that takes the command as arguments."""
    command = ["env", f"TMPDIR={folder}", *prefix, sys.executable, *SERVE]
    with run_server(command) as server:
        yield server
        assert server.is_running


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small file system of its own, where the machine lets us mount one."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["/bin/mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)


def assert_no_room(answer: Answer) -> None:
    """The refusal is a problem that says when to come again, and nothing of the machine."""
    assert (answer.status, answer["Content-Type"]) == (503, "application/problem+json")
    assert int(answer["Retry-After"]) > 0
    assert answer.json["type"] == "/problems/unavailable"
    assert "/" not in answer.json["detail"]


def has_row_store(site: Site) -> bool:
    """Whether finished rows are kept, which is done in the background."""
    found = re.search(r"^digits_row_stores_bytes (\S+)$", site.get("/metrics").body.decode(), re.MULTILINE)
    assert found is not None
    return float(found[1]) > 0


def assert_lives_on(server: RunningServer) -> None:
    """Everything that needs no disk is answered, pages of text as well, though they would like to be kept there."""
    site = Site(server.url)
    for target in OTHERS:
        assert site.get(target).status == 200, target
    for offset in range(40):
        assert site.get(f"/v1/datasets/digits/all/rows?offset={offset}&limit=1&format=ndjson").status == 200
    assert_no_traceback(server)


def test_a_full_disk_refuses_files_and_nothing_else_until_there_is_room(disk: Path) -> None:
    with serve_with(disk) as server:
        site = Site(server.url)
        assert_lives_on(server)
        wait_until(lambda: has_row_store(site), "the pages of text are kept on the disk")
        open_before = len(list_descriptors(server.process.pid))
        for _ in range(20):
            assert_no_room(site.get(FILE))
        assert_no_room(site.get("/v1/datasets/mnist/train.csv", {"Range": "bytes=0-9"}))
        assert len(list_descriptors(server.process.pid)) <= open_before + 1
        assert site.get(SMALL).status == 200  # what was half written is gone
        full = disk / "full"
        full.write_bytes(bytes(1_500_000))
        assert_no_room(site.get("/v1/datasets/digits/all.csv?scale=raw&limit=1700"))
        full.unlink()
        assert site.get("/v1/datasets/digits/all.csv?scale=raw&limit=1700").status == 200
        assert_lives_on(server)


@pytest.mark.slow
@pytest.mark.parametrize("size", [ROOM, 0], ids=["little", "nothing"])
def test_where_little_or_nothing_may_be_written_files_are_refused(tmp_path: Path, size: int) -> None:
    with serve_with(tmp_path, "prlimit", f"--fsize={size}") as server:
        for _ in range(5):
            assert_no_room(Site(server.url).get(FILE))
        assert Site(server.url).get(SMALL).status == (200 if size else 503)
        assert_lives_on(server)


@pytest.mark.slow
def test_a_temporary_directory_may_vanish_and_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    with serve_with(folder) as server, ExitStack() as stack:
        site = Site(server.url)
        assert site.get(SMALL).status == 200
        folder.rmdir()  # nothing has a name there
        stack.callback(folder.mkdir, exist_ok=True)
        assert site.get(SMALL).status == 200  # which is open
        assert_no_room(site.get(FILE))
        assert_lives_on(server)
        folder.mkdir()
        assert site.get(FILE).status == 200
