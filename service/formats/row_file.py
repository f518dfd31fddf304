"""The file of all row stores: it has no name, and the processes that are forked after it was made share it.

It begins with a table of where each store begins and ends. One process at a time adds a store, after the last one, and
enters it into the table when it is complete. So the next process overwrites what a killed one has left. A store that
is in the table is never moved, changed or removed, so reading needs no lock.
"""

import fcntl
import mmap
import os
import struct
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from service.formats.row_store import RowStore, write_rows

PAGE = mmap.ALLOCATIONGRANULARITY
"""The position of every store is a multiple of so many bytes, so that it can be mapped."""

SPAN = struct.Struct("=qq")
"""An entry of the table: where a store begins and ends; zeros where there is none."""

NUMBER = struct.Struct("=q")

REFUSED = -1
"""Where a store begins for which there is no room."""


class RowFile:
    """Holds row stores, by their numbers from 0."""

    def __init__(self, *, count: int, capacity: int) -> None:
        """Make a file in the temporary directory, for `count` stores, which take at most `capacity` bytes together.

        Raises:
            OSError: the directory cannot be written, is full, or has no locks.
        """
        self._table = SPAN.size * count
        self._end = round_up(self._table) + capacity
        with tempfile.TemporaryFile() as file:
            file.write(bytes(self._table))
            file.flush()
            self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)
        with self.locked():
            pass

    @property
    def size(self) -> int:
        """Bytes of all complete stores."""
        return sum(end - begin for begin, end in self._read_table())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other process add a store until the block ends, or this process does.

        It is a lock of the process, which its children do not have (`fcntl(2)`), and which it would lose if it closed
        any descriptor of the file, so a mapping must be kept.

        Raises:
            BlockingIOError: another process adds one.
        """
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def is_open(self, number: int) -> bool:
        """Whether this store may be added: it is neither there nor refused."""
        return self._read_span(number)[0] == 0

    def find(self, number: int) -> RowStore | None:
        """The store of this number, if it is complete.

        Raises:
            OSError: it cannot be mapped, because there are no more file descriptors or addresses.
        """
        begin, end = self._read_span(number)
        if begin <= 0:
            return None
        return RowStore(mmap.mmap(self._descriptor, end - begin, offset=begin, access=mmap.ACCESS_READ))

    def add(self, number: int, rows: Iterable[bytes], *, count: int) -> int:
        """Write `count` rows as the store of this number, and return its bytes; to be called while it is `locked`.

        Raises:
            OSError: there is not enough room; from now on the store is refused.
        """
        end = last = max([self._table, *(end for _, end in self._read_table())])
        begin = round_up(last)
        try:
            with open(self._descriptor, "wb", closefd=False) as file:
                file.seek(begin)
                size = write_rows(file, rows, count=count, room=self._end - begin)
            end = begin + size
        except OSError:
            self._write_number(SPAN.size * number, REFUSED)
            raise
        finally:
            os.ftruncate(self._descriptor, end)  # which gives back what this process or a killed one has left
        self._write_number(SPAN.size * number + NUMBER.size, end)
        self._write_number(SPAN.size * number, begin)  # from now on others see it
        return size

    def _read_span(self, number: int) -> tuple[int, int]:
        begin, end = SPAN.unpack(os.pread(self._descriptor, SPAN.size, SPAN.size * number))
        return begin, end

    def _read_table(self) -> list[tuple[int, int]]:
        """Where all complete stores begin and end."""
        spans = SPAN.iter_unpack(os.pread(self._descriptor, self._table, 0))
        return [(begin, end) for begin, end in spans if begin > 0]

    def _write_number(self, position: int, number: int) -> None:
        os.pwrite(self._descriptor, NUMBER.pack(number), position)


def round_up(position: int) -> int:
    """The next position at which a store may begin."""
    return -(-position // PAGE) * PAGE
