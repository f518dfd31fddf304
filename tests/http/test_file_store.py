import asyncio
import errno
import os
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest

from service.http.encoder_pool import EncoderPool
from service.http.file_store import FileStore, write_file
from service.http.problems import Overloaded


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
        gate, builder = threading.Event(), Builder(3)

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


def test_a_file_larger_than_the_capacity_is_built_for_its_request_alone() -> None:
    async def work(files: FileStore) -> None:
        small, large = Builder(40), Builder(101)
        await files.get("small", small)
        for _ in range(2):
            assert len(await files.get("large", large)) == 101
        await files.get("small", small)
        assert (small.built, large.built, files.size) == (1, 2, 40)

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
        gate, builder = threading.Event(), Builder(3)

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
