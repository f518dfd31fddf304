import asyncio
import base64
import errno
import gc
import hashlib
import mmap
import os
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http import file_store
from service.http.encoder_pool import EncoderPool
from service.http.file_store import FileStore, StoredFile, open_file, write_file
from service.http.problems import Overloaded
from tests.http.gate import Gate


class Builder:
    """Makes a file of so many bytes, and counts how often."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.built = 0

    def __call__(self) -> Iterator[bytes]:
        self.built += 1
        yield from (b"x" for _ in range(self.size))


def run(work: Callable[[FileStore], Awaitable[None]], *, capacity: int = 100) -> None:
    async def main() -> None:
        await work(FileStore(capacity=capacity, pool=EncoderPool(threads=2, queue=8)))

    asyncio.run(main())


def test_the_pieces_are_joined_and_read_as_memory() -> None:
    pieces: list[bytes | memoryview] = [b"ab", memoryview(b"cd"), b"e"]
    file = write_file(pieces)
    assert len(file) == 5
    assert bytes(file[0:5]) == bytes(file[:]) == b"abcde"
    assert bytes(file[1:3]) == b"bc"
    assert bytes(file[5:9]) == b""
    with pytest.raises(TypeError, match="read-only"):
        file[0:1][0] = 0


def test_requests_for_a_file_that_is_being_built_wait_for_that_one() -> None:
    async def work(files: FileStore) -> None:
        gate, builder = Gate(), Builder(3)

        def pieces() -> Iterator[bytes]:
            gate.wait()
            yield from builder()

        waiting = [asyncio.create_task(files.get("a", pieces)) for _ in range(9)]
        await asyncio.sleep(0)
        gate.set()
        found = await asyncio.gather(*waiting)
        assert builder.built == 1
        assert all(file is found[0] for file in found)
        assert await files.get("a", pieces) is found[0]
        assert builder.built == 1

    run(work)


def test_the_least_recently_used_files_go_when_there_is_no_room() -> None:
    async def work(files: FileStore) -> None:
        builders = {name: Builder(40) for name in "abcd"}
        for name in "abacadab":  # b goes for c, c for d, d for b: a is used all the time
            await files.get(name, builders[name])
            assert files.size <= 100
        assert {name: builder.built for name, builder in builders.items()} == {"a": 1, "b": 2, "c": 1, "d": 1}
        assert files.size == 80

    run(work)


@pytest.mark.parametrize("told", [0, 101])
def test_a_file_larger_than_the_capacity_is_refused_and_leaves_nothing(told: int) -> None:
    async def work(files: FileStore) -> None:
        large = Builder(101)
        with pytest.raises(Overloaded):
            await files.get("large", large, size=told)
        assert files.used == 0
        assert large.built == (told == 0)

    run(work)


def test_a_file_that_is_still_sent_takes_room_after_it_had_to_go() -> None:
    async def work(files: FileStore) -> None:
        sent: StoredFile | None = await files.get("a", Builder(60))
        with pytest.raises(Overloaded, match="no room"):
            await files.get("b", Builder(60))
        assert (files.size, files.used) == (0, 60)
        sent = None
        assert len(await files.get("b", Builder(60))) == files.used == 60
        assert sent is None

    run(work)


def test_files_that_are_built_at_the_same_time_do_not_take_more_than_there_is() -> None:
    async def work(files: FileStore) -> None:
        gate, begun, most = Gate(), threading.Event(), 0

        def pieces() -> Iterator[bytes]:
            nonlocal most
            begun.set()
            gate.wait()
            for _ in range(60):
                yield b"x"
                most = max(most, files.used)

        first = asyncio.create_task(files.get("a", pieces, size=70, cost=1))
        assert await asyncio.to_thread(begun.wait, 10)
        assert files.used == 70
        with pytest.raises(Overloaded, match="no room"):
            await files.get("b", pieces, size=60, cost=1)
        gate.set()
        assert len(await first) == files.used == 60
        assert most == 70

    run(work)


def test_a_build_ends_when_all_who_wait_for_it_have_left_and_leaves_nothing() -> None:
    async def main() -> None:
        files = FileStore(capacity=100, pool=EncoderPool(threads=1, queue=8))
        begun, gate, made = threading.Event(), Gate(), 0

        def pieces() -> Iterator[bytes]:
            nonlocal made
            for _ in range(8):
                made += 1
                yield b"x"
                begun.set()
                gate.wait()

        leaving = asyncio.create_task(files.get("a", pieces, size=90))
        assert await asyncio.to_thread(begun.wait, 10)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        gate.set()
        assert len(await files.get("b", Builder(100))) == files.used == 100
        assert made == 2  # the next one after it had begun

    asyncio.run(main())


def test_a_directory_that_is_gone_or_read_only_is_told_as_having_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)

    async def work(files: FileStore) -> None:
        with pytest.raises(Overloaded, match=os.strerror(errno.ENOENT)):
            await files.get("a", Builder(5), size=5)
        assert files.used == 0

    run(work)


def test_a_failure_reaches_everybody_who_waits_and_the_next_request_tries_again() -> None:
    async def work(files: FileStore) -> None:
        def broken() -> Iterator[bytes]:
            yield b"x"
            raise ValueError("broken")

        failures = await asyncio.gather(*(files.get("a", broken) for _ in range(3)), return_exceptions=True)
        assert [str(failure) for failure in failures] == ["broken"] * 3
        assert files.size == 0
        assert len(await files.get("a", Builder(2))) == 2

    run(work)


def test_a_full_disk_is_told_as_being_too_busy() -> None:
    async def work(files: FileStore) -> None:
        def full() -> Iterator[bytes]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            yield b""

        with pytest.raises(Overloaded, match=os.strerror(errno.ENOSPC)):
            await files.get("a", full)

    run(work)


def test_a_client_that_leaves_does_not_stop_the_building_for_others() -> None:
    async def work(files: FileStore) -> None:
        gate, builder = Gate(), Builder(3)

        def pieces() -> Iterator[bytes]:
            gate.wait()
            yield from builder()

        leaving, staying = (asyncio.create_task(files.get("a", pieces)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        gate.set()
        assert len(await staying) == 3
        assert builder.built == 1

    run(work)


# --- originals, checksums and windows ---


def test_an_original_is_opened_once_and_takes_no_room(tmp_path: Path) -> None:
    path = tmp_path / "original.bin"
    path.write_bytes(b"content" * 100)

    async def work(files: FileStore) -> None:
        found = await asyncio.gather(*(files.open(path) for _ in range(5)))
        assert all(file is found[0] for file in found)
        assert await files.open(path) is found[0]
        assert bytes(found[0][:]) == b"content" * 100
        assert files.size == 0
        for name in "abc":  # more than there is room for
            await files.get(name, Builder(60))
        path.unlink()
        assert await files.open(path) is found[0]
        assert bytes(found[0][7:14]) == b"content"

    run(work)


def test_an_original_that_is_missing_is_looked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "original.bin"

    async def work(files: FileStore) -> None:
        with pytest.raises(FileNotFoundError):
            await files.open(path)
        path.write_bytes(b"there")
        assert len(await files.open(path)) == 5

    run(work)


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_checksums_are_those_of_the_content(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    file = write_file(pieces)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert file.repr_digest == b"sha-256=:%b:" % base64.b64encode(hashlib.sha256(content).digest())


def test_an_original_has_the_checksums_of_a_built_file(tmp_path: Path) -> None:
    path = tmp_path / "original.bin"
    path.write_bytes(b"abc")
    built, original = write_file([b"abc"]), open_file(path)
    assert (len(original), original.sha256, original.md5) == (len(built), built.sha256, built.md5)


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> int:
    """The size of the windows, the smallest that can be mapped."""
    monkeypatch.setattr(file_store, "WINDOW", mmap.ALLOCATIONGRANULARITY)
    return mmap.ALLOCATIONGRANULARITY


def test_parts_within_and_across_windows_are_those_of_the_content(small_windows: int) -> None:
    content = bytes(range(256)) * (small_windows // 64) + b"the end"
    file = write_file([content])
    assert file.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    edges = [0, 1, small_windows - 1, small_windows, small_windows + 1, 3 * small_windows, len(content) - 1]
    for start in edges:
        for stop in [*edges, len(content), len(content) + 5]:
            assert bytes(file[start:stop]) == content[start:stop]


def test_a_file_that_cannot_be_mapped_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    file = write_file([b"content"])
    monkeypatch.setattr(mmap, "mmap", fail)
    assert bytes(file[3:7]) == b"tent"


def test_readers_share_a_window_for_as_long_as_one_of_them_has_a_part_of_it(small_windows: int) -> None:
    file = write_file([bytes(2 * small_windows)])
    one, other, next_window = file[0:10], file[100:200], file[small_windows : small_windows + 1]
    assert one.obj is other.obj
    assert one.obj is not next_window.obj
    assert len(file._windows) == 2
    del one, next_window
    gc.collect()
    assert len(file._windows) == 1
    del other
    gc.collect()
    assert len(file._windows) == 0


def count_descriptors(file: os.stat_result) -> int:
    """How often this process has a file open."""
    count = 0
    for descriptor in list(Path("/dev/fd").iterdir()):
        with suppress(OSError):  # that of the directory itself
            count += os.path.samestat(os.fstat(int(descriptor.name)), file)
    return count


def test_a_part_can_be_read_after_the_file_has_gone_and_then_its_room_is_free() -> None:
    file = write_file([b"content"])
    status = os.fstat(file.descriptor)
    part = file[0:3]
    del file
    gc.collect()
    assert bytes(part) == b"con"
    assert count_descriptors(status) == 1  # that of the mapped memory
    del part
    gc.collect()
    assert count_descriptors(status) == 0
