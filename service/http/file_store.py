"""The file store: files that are built once, kept on disk within a bound, and sent from memory maps."""

import base64
import hashlib
import mmap
import os
import tempfile
import weakref
from collections.abc import Callable, Iterable

from cachetools import LRUCache

from service.http.encoder_pool import EncoderPool
from service.http.problems import Overloaded
from service.http.representation import Encoded
from service.http.single_flight import SingleFlight


class StoredFile:
    """A finished file without a name: its room is free again when nobody refers to it.

    `size` is in bytes, `digest` the SHA-256 of the content.
    """

    def __init__(self, descriptor: int, size: int, digest: bytes) -> None:
        """Own an open file."""
        self.descriptor = descriptor
        self.size = size
        self.digest = digest
        self._mapping: Callable[[], mmap.mmap | None] = lambda: None

    def __del__(self) -> None:
        """Close the file, which frees its room."""
        os.close(self.descriptor)

    def map(self) -> memoryview:
        """The content as memory: one mapping for all readers, which lasts as long as one of them."""
        mapping = self._mapping()
        if mapping is None:
            mapping = mmap.mmap(self.descriptor, self.size, access=mmap.ACCESS_READ)
            self._mapping = weakref.ref(mapping)
        return memoryview(mapping)

    @property
    def repr_digest(self) -> bytes:
        """The value of `Repr-Digest` (RFC 9530)."""
        return b"sha-256=:%b:" % base64.b64encode(self.digest)


class FileStore:
    """Built files by key, the least recently used goes first, at most `capacity` bytes together.

    They are on disk because a split as CSV is twice as large as the data itself. A file larger than the capacity is
    built for its request alone. Requests for a file that is being built wait for it.
    """

    def __init__(self, *, capacity: int, pool: EncoderPool) -> None:
        """Begin with no file; `pool` is where they are built."""
        self._pool = pool
        self._files: LRUCache[str, StoredFile] = LRUCache(capacity, getsizeof=lambda file: file.size)
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
        return self._files.get(key) or await self._builds.run(key, lambda: self._build(key, make))

    async def _build(self, key: str, make: Callable[[], Iterable[Encoded]]) -> StoredFile:
        file = await self._pool.run(lambda: write_file(make()))
        if file.size <= self._files.maxsize:
            self._files[key] = file
        return file


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
        raise Overloaded(f"There is no room to build the file ({error.strerror}); try again later.") from error
