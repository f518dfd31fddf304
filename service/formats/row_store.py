"""A row store: the rows of a split in one encoding, kept in a file, so that an answer is a few slices of it.

Encoding a row as text takes ten times as long as copying its text, and drawing a digit four times as long. A store is
the positions in it, int64 `(n + 1,)`, at which a row begins or the last one ends, and then the rows.
"""

import mmap
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from service.formats.format import Encoded


class RowStore:
    """Encoded rows in a file that is mapped into memory: its pages are the system's, not the process's own."""

    def __init__(self, content: mmap.mmap) -> None:
        """Hold what `write_rows` has written."""
        first = int(np.frombuffer(content, np.int64, 1)[0])
        bounds = np.frombuffer(content, np.int64, first // 8)
        self._content = memoryview(content)
        self._starts, self._ends = bounds[:-1], bounds[1:]

    def read(self, index: NDArray[np.int64]) -> Encoded:
        """Return rows one after the other: a part of the file itself if they are consecutive.

        Args:
            index: positions of the rows within the split, int64 `(n,)`.
        """
        if not len(index):
            return b""
        first, last = int(index[0]), int(index[-1])
        if last - first == len(index) - 1 and (index[1:] - index[:-1] == 1).all():
            return self._content[self._starts[first] : self._ends[last]]
        starts, ends = self._starts[index].tolist(), self._ends[index].tolist()
        return b"".join([self._content[start:end] for start, end in zip(starts, ends, strict=True)])

    def ends(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where each of these rows ends in what `read` gives, int64 `(n,)`."""
        return np.cumsum(self._ends[index] - self._starts[index])


def write_rows(file: BinaryIO, rows: Iterable[bytes], *, count: int, room: int) -> int:
    """Write a store of `count` rows from the position of the file on, and return its bytes, at most `room`.

    Raises:
        OSError: they need more room than there is.
    """
    bounds = np.empty(count + 1, np.int64)
    start, end = file.tell(), bounds.nbytes
    file.seek(start + end)
    for number, row in enumerate(rows):
        bounds[number] = end
        end += len(row)
        if end > room:
            raise OSError(f"the rows need more than {room} bytes")
        file.write(row)
    bounds[-1] = end
    file.seek(start)
    file.write(bounds.data)
    return end
