"""A row store: the rows of a split in one encoding, kept in a file, so that an answer is a few slices of it.

Encoding a row as text takes ten times as long as copying its text, and drawing a digit four times as long.
"""

import mmap
import tempfile
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from service.formats.format import Encoded


class RowStore:
    """Encoded rows in a file without a name, mapped into memory: its pages are the system's, not the process's own."""

    def __init__(self, rows: mmap.mmap, ends: NDArray[np.int64]) -> None:
        """Hold rows one after the other; `ends` int64 `(n,)` are the positions of their ends."""
        self._rows = memoryview(rows)
        self._ends = ends
        self._starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])

    def __len__(self) -> int:
        """Return the number of bytes of all rows."""
        return len(self._rows)

    def read(self, index: NDArray[np.int64]) -> Encoded:
        """Return rows one after the other: a part of the file itself if they are consecutive.

        Args:
            index: positions of the rows within the split, int64 `(n,)`.
        """
        if not len(index):
            return b""
        first, last = int(index[0]), int(index[-1])
        if last - first == len(index) - 1 and (index[1:] - index[:-1] == 1).all():
            return self._rows[self._starts[first] : self._ends[last]]
        starts, ends = self._starts[index].tolist(), self._ends[index].tolist()
        return b"".join([self._rows[start:end] for start, end in zip(starts, ends, strict=True)])

    def ends(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where each of these rows ends in what `read` gives, int64 `(n,)`."""
        return np.cumsum(self._ends[index] - self._starts[index])


def write_rows(rows: Iterable[bytes], *, room: int) -> RowStore:
    """Write rows, at least one, to a file in the temporary directory, of at most `room` bytes.

    Raises:
        OSError: they need more room than there is.
    """
    ends, end = [], 0
    with tempfile.TemporaryFile() as file:
        for row in rows:
            end += len(row)
            if end > room:
                raise OSError(f"the rows need more than {room} bytes")
            file.write(row)
            ends.append(end)
        file.flush()
        return RowStore(mmap.mmap(file.fileno(), end, access=mmap.ACCESS_READ), np.array(ends, np.int64))
