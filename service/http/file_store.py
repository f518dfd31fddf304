"""The file store: files that are built once, kept on disk within a bound, and sent from mapped memory."""

import base64
import errno
import hashlib
import logging
import mmap
import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from time import perf_counter
from weakref import WeakValueDictionary

from cachetools import LRUCache

from service.cancellation import checkpoint
from service.http.encoder_pool import LONG, EncoderPool
from service.http.problems import Overloaded
from service.http.representation import Encoded
from service.http.request_record import timed
from service.http.single_flight import SingleFlight

log = logging.getLogger("service")

WINDOW = 16 * 1_048_576
"""Bytes of a file that are mapped at a time: mapping anew for each piece takes as long as sending it."""


NO_ROOM_SECONDS = 10
"""Seconds after which a client may try again when there was no room for a file: some files have been sent by then."""


BUILD_BYTES = 80_000_000
"""Bytes of memory that building a file takes at most: a row group of Parquet of 10,000 scaled rows."""


class Room:
    """Bytes of a disk: of all files that are built, kept or still sent. Used by any thread."""

    def __init__(self, capacity: int) -> None:
        """Allow `capacity` bytes."""
        self.capacity = capacity
        self.used = 0
        self._lock = threading.RLock()  # the end of a file may come while this thread has it

    def take(self, size: int) -> bool:
        """Take so many bytes; false if there are fewer."""
        with self._lock:
            if self.used + size > self.capacity:
                return False
            self.used += size
            return True

    def give_back(self, size: int) -> None:
        """Give so many bytes back."""
        with self._lock:
            self.used -= size


UNLIMITED = Room(2**62)
"""Room of files that take none here, such as those of the package."""


class StoredFile:
    """A finished file without a name: its room is free again when nobody refers to it.

    `digest` is the SHA-256 of its content. Slices of it are the content; the length is in bytes.
    """

    def __init__(self, descriptor: int, size: int, digest: bytes, room: Room = UNLIMITED) -> None:
        """Own an open file, and `size` bytes of a `room` that were taken for it."""
        self.descriptor = descriptor
        self.digest = digest
        self._size = size
        self._room = room
        self._windows: WeakValueDictionary[int, mmap.mmap] = WeakValueDictionary()

    def __del__(self) -> None:
        """Close the file, which frees its room."""
        os.close(self.descriptor)
        self._room.give_back(self._size)

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

    They are on disk because a split as CSV is twice as large as the data itself. The bound holds for all that takes
    room: files that are kept, that are built, and that are still sent after they had to go. Requests for a file that is
    being built wait for it.
    """

    def __init__(self, *, capacity: int, pool: EncoderPool, observe: Callable[[float], None] = lambda _: None) -> None:
        """Begin with no file; `pool` is where they are built, and `observe` is told the seconds that took."""
        self._pool = pool
        self._observe = observe
        self._room = Room(capacity)
        self._files: LRUCache[str, StoredFile] = LRUCache(capacity, getsizeof=len)
        self._lock = threading.Lock()
        self._originals: dict[Path, StoredFile] = {}
        self._builds: SingleFlight[StoredFile] = SingleFlight()

    @property
    def size(self) -> int:
        """Bytes of the files that are kept at present."""
        return int(self._files.currsize)

    @property
    def used(self) -> int:
        """Bytes of all files: kept, being built, and being sent."""
        return self._room.used

    async def get(
        self, key: str, make: Callable[[], Iterable[Encoded]], *, size: int = 0, kind: str = "", cost: float = LONG
    ) -> StoredFile:
        """The file of this key, built of the pieces that `make` gives where it is not there yet.

        It has at most `size` bytes, if that is known; `kind` and `cost` are those of work of the pool.

        Raises:
            Overloaded: there is no room, or the pool has too much to do.
        """
        with self._lock:
            file = self._files.get(key)
        if file is not None:
            return file
        return await self._builds.run(key, lambda: self._build(key, make, size=size, kind=kind, cost=cost))

    async def open(self, path: Path) -> StoredFile:
        """A file of the package, which stays open, and takes no room.

        Raises:
            Overloaded: the pool has too much to do.
        """
        file = self._originals.get(path)
        return await self._builds.run(str(path), lambda: self._open(path)) if file is None else file

    async def _open(self, path: Path) -> StoredFile:
        self._originals[path] = file = await self._pool.run(lambda: open_file(path), kind="originals")
        return file

    async def _build(
        self, key: str, make: Callable[[], Iterable[Encoded]], *, size: int, kind: str, cost: float
    ) -> StoredFile:
        def write() -> StoredFile:
            return write_file(make(), self._room, size=size, evict=self._evict)

        def build() -> StoredFile:
            began = perf_counter()
            file = timed("build", write)
            self._observe(perf_counter() - began)
            return file

        file = await self._pool.run(build, kind=kind, cost=cost, memory=BUILD_BYTES)
        with self._lock:
            self._files[key] = file
        return file

    def _evict(self, needed: int) -> None:
        """Let files go until so many bytes are free, or no file is left; in any thread."""
        with self._lock:
            while self._files and self._room.used + needed > self._room.capacity:
                self._files.popitem()


def open_file(path: Path) -> StoredFile:
    """A file that is there."""
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").digest()
        return StoredFile(os.dup(handle.fileno()), os.fstat(handle.fileno()).st_size, digest)


def write_file(
    pieces: Iterable[Encoded],
    room: Room = UNLIMITED,
    *,
    size: int = 0,
    evict: Callable[[int], None] = lambda _: None,
) -> StoredFile:
    """The pieces one after the other in a file without a name.

    Room for `size` bytes is taken before the first piece is made, and more if they are more. `evict` is called where
    there is too little, to free so many bytes.

    Raises:
        Overloaded: there is no room, or the temporary directory is full.
        Cancelled: nobody waits for the file.
    """
    taken = written = 0
    digest = hashlib.sha256()
    try:
        taken += _take_room(room, size, evict)
        with tempfile.TemporaryFile() as handle:
            for piece in pieces:
                checkpoint()
                if written + len(piece) > taken:
                    taken += _take_room(room, written + len(piece) - taken, evict)
                digest.update(piece)
                written += handle.write(piece)
            handle.flush()
            room.give_back(taken - written)
            taken = written
            file = StoredFile(os.dup(handle.fileno()), written, digest.digest(), room)
            taken = 0  # the file's
            return file
    except OSError as error:
        log.warning("no room to build a file: %s", error)
        reason = os.strerror(error.errno or errno.EIO)  # `error` itself may name directories of this machine
        raise Overloaded(f"There is no room to build the file ({reason}); try again later.") from error
    finally:
        room.give_back(taken)


def _take_room(room: Room, size: int, evict: Callable[[int], None]) -> int:
    """Take room, after others have gone if there is none, and return how much."""
    if size > room.capacity:
        raise Overloaded(
            f"The file has up to {size} bytes, and DIGITS_FILES_BYTES allows {room.capacity} for all files; ask for "
            "fewer samples.",
            seconds=NO_ROOM_SECONDS,
        )
    if not room.take(size):
        evict(size)
        if not room.take(size):
            raise Overloaded(
                "There is no room for the file while others are built and sent; try again later.",
                seconds=NO_ROOM_SECONDS,
            )
    return size
