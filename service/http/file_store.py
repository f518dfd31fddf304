"""The file store: files that are built once, kept on disk within a bound, and sent from mapped memory."""

import base64
import errno
import hashlib
import logging
import mmap
import os
import tempfile
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from time import perf_counter
from weakref import WeakValueDictionary

from cachetools import LRUCache

from service.http.encoder_pool import EncoderPool
from service.http.problems import Overloaded
from service.http.representation import Encoded
from service.http.request_record import timed
from service.http.single_flight import SingleFlight

log = logging.getLogger("service")

WINDOW = 16 * 1_048_576
"""Bytes of a file that are mapped at a time: mapping anew for each piece takes as long as sending it."""


class StoredFile:
    """A finished file without a name: its room is free again when nobody refers to it.

    `digest` is the SHA-256 of its content. Slices of it are the content; the length is in bytes.
    """

    def __init__(self, descriptor: int, size: int, digest: bytes) -> None:
        """Own an open file."""
        self.descriptor = descriptor
        self.digest = digest
        self._size = size
        self._windows: WeakValueDictionary[int, mmap.mmap] = WeakValueDictionary()

    def __del__(self) -> None:
        """Close the file, which frees its room."""
        os.close(self.descriptor)

    def __len__(self) -> int:
        """Return the number of bytes."""
        return self._size

    def __getitem__(self, part: slice) -> memoryview:
        """Return a part of the content, mapped into memory for as long as somebody refers to it.

        A window of the file is mapped, which all readers share, so that the process never holds a whole file. Where
        that is refused, because a mapping takes a file descriptor and none is left, the part is read.
        """
        start, stop, _ = part.indices(self._size)
        if start >= stop:
            return memoryview(b"")
        try:
            return self._slice(start, stop)
        except OSError:
            return memoryview(os.pread(self.descriptor, stop - start, start))

    def _slice(self, start: int, stop: int) -> memoryview:
        offset = start - start % WINDOW
        mapping = self._windows.get(offset) if stop <= offset + WINDOW else self._map(offset, stop - offset)
        if mapping is None:
            self._windows[offset] = mapping = self._map(offset, min(WINDOW, self._size - offset))
        return memoryview(mapping)[start - offset : stop - offset]

    def _map(self, offset: int, length: int) -> mmap.mmap:
        return mmap.mmap(self.descriptor, length, access=mmap.ACCESS_READ, offset=offset)

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the content."""
        return self.digest.hex()

    @cached_property
    def md5(self) -> str:
        """MD5 (hex) of the content, which older protocols ask for."""
        digest = hashlib.md5(usedforsecurity=False)
        for start in range(0, self._size, WINDOW):
            digest.update(self[start : start + WINDOW])
        return digest.hexdigest()

    @property
    def repr_digest(self) -> bytes:
        """The value of `Repr-Digest` (RFC 9530)."""
        return b"sha-256=:%b:" % base64.b64encode(self.digest)


class FileStore:
    """Built files by key, the least recently used goes first, at most `capacity` bytes together.

    They are on disk because a split as CSV is twice as large as the data itself. A file larger than the capacity is
    built for its request alone. Requests for a file that is being built wait for it.
    """

    def __init__(self, *, capacity: int, pool: EncoderPool, observe: Callable[[float], None] = lambda _: None) -> None:
        """Begin with no file; `pool` is where they are built, and `observe` is told the seconds that took."""
        self._pool = pool
        self._observe = observe
        self._files: LRUCache[str, StoredFile] = LRUCache(capacity, getsizeof=len)
        self._originals: dict[Path, StoredFile] = {}
        self._builds: SingleFlight[StoredFile] = SingleFlight()

    @property
    def size(self) -> int:
        """Bytes kept at present."""
        return int(self._files.currsize)

    async def get(self, key: str, make: Callable[[], Iterable[Encoded]]) -> StoredFile:
        """The file of this key, built of the pieces that `make` gives where it is not there yet.

        Raises:
            Overloaded: the pool's queue or the temporary directory is full.
        """
        file = self._files.get(key)
        return await self._builds.run(key, lambda: self._build(key, make)) if file is None else file

    async def open(self, path: Path) -> StoredFile:
        """A file of the package, which stays open, and takes no room.

        Raises:
            Overloaded: the pool's queue is full.
        """
        file = self._originals.get(path)
        return await self._builds.run(str(path), lambda: self._open(path)) if file is None else file

    async def _open(self, path: Path) -> StoredFile:
        self._originals[path] = file = await self._pool.run(lambda: open_file(path))
        return file

    async def _build(self, key: str, make: Callable[[], Iterable[Encoded]]) -> StoredFile:
        file = await self._pool.run(lambda: self._write(make))
        if len(file) <= self._files.maxsize:
            self._files[key] = file
        return file

    def _write(self, make: Callable[[], Iterable[Encoded]]) -> StoredFile:
        began = perf_counter()
        file = timed("build", lambda: write_file(make()))
        self._observe(perf_counter() - began)
        return file


def open_file(path: Path) -> StoredFile:
    """A file that is there."""
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").digest()
        return StoredFile(os.dup(handle.fileno()), os.fstat(handle.fileno()).st_size, digest)


def write_file(pieces: Iterable[Encoded]) -> StoredFile:
    """The pieces one after the other in a file without a name.

    Raises:
        Overloaded: the temporary directory is full.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with tempfile.TemporaryFile() as handle:
            for piece in pieces:
                digest.update(piece)
                size += handle.write(piece)
            handle.flush()
            return StoredFile(os.dup(handle.fileno()), size, digest.digest())
    except OSError as error:
        log.warning("no room to build a file: %s", error)
        reason = os.strerror(error.errno or errno.EIO)  # `error` itself may name directories of this machine
        raise Overloaded(f"There is no room to build the file ({reason}); try again later.") from error
