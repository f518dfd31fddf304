"""Files: whole splits, built once, kept in the temporary directory within a bound, and sent from mapped memory."""

import asyncio
import mmap
import os
import tempfile
import weakref
from collections.abc import Callable, Iterable

from service.formats.format import Encoded
from service.web.problems import Overloaded
from service.web.workshop import Workshop


class File:
    """A finished file without a name: it is gone when nobody holds it any more."""

    def __init__(self, descriptor: int, size: int) -> None:
        """Own an open file of `size` bytes."""
        self.descriptor = descriptor
        self.size = size
        self._mapping: Callable[[], mmap.mmap | None] = lambda: None

    def __del__(self) -> None:
        """Give the room on the disk back."""
        os.close(self.descriptor)

    def mapped(self) -> memoryview:
        """The content as memory: one mapping for all who hold it, which lasts as long as somebody does."""
        mapping = self._mapping()
        if mapping is None:
            mapping = mmap.mmap(self.descriptor, self.size, access=mmap.ACCESS_READ)
            self._mapping = weakref.ref(mapping)
        return memoryview(mapping)


class Files:
    """Built files by key, the most recently used ones, at most `capacity` bytes together.

    They lie on disk because a split as CSV is twice as large as the data itself. A file larger than the capacity is
    built for its request alone. Requests for a file that is being built wait for it.
    """

    def __init__(self, *, capacity: int, workshop: Workshop) -> None:
        """Begin with none; `workshop` is where they are built."""
        self._capacity = capacity
        self._workshop = workshop
        self._files: dict[str, File] = {}
        self._under_way: dict[str, asyncio.Task[File]] = {}

    @property
    def size(self) -> int:
        """Bytes kept at present."""
        return sum(file.size for file in self._files.values())

    async def get(self, key: str, pieces: Callable[[], Iterable[Encoded]]) -> File:
        """The file of this key, made of `pieces()` in a thread where it is not there yet."""
        if key in self._files:
            self._files[key] = file = self._files.pop(key)
            return file
        if key not in self._under_way:
            self._under_way[key] = asyncio.create_task(self._build(key, pieces))
        return await asyncio.shield(self._under_way[key])

    async def _build(self, key: str, pieces: Callable[[], Iterable[Encoded]]) -> File:
        try:
            file = await self._workshop.run(lambda: written(pieces()))
        finally:
            del self._under_way[key]
        if file.size <= self._capacity:
            while self.size + file.size > self._capacity:
                self._files.pop(next(iter(self._files)))
            self._files[key] = file
        return file


def written(pieces: Iterable[Encoded]) -> File:
    """The pieces one after the other in a file without a name.

    Raises:
        Overloaded: the temporary directory is full.
    """
    try:
        with tempfile.TemporaryFile() as handle:
            size = sum(handle.write(piece) for piece in pieces)
            handle.flush()
            return File(os.dup(handle.fileno()), size)
    except OSError as error:
        raise Overloaded(f"There is no room to build the file ({error.strerror}); try again later.") from error
