"""NPZ: numpy's archive of arrays `x` (images), `y` (labels) and `index`: a ZIP of uncompressed members."""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from service.data.batch import Batch
from service.formats import npy
from service.formats.format import BLOCK, PIECE, Cost, Encoded, Format, read_pixels, split_pieces

LOCAL = struct.Struct("<4s5H3I2H")
"""Local file header: signature, version, flags, method, time, date, CRC-32, sizes, lengths of name and extra field."""

CENTRAL = struct.Struct("<4s6H3I5H2I")
"""Central directory header: the same and the version made by, lengths and attributes, and the local header's offset."""

END = struct.Struct("<4s4H2IH")
"""End of central directory."""

VERSION = 20
"""ZIP 2.0, which every reader knows."""

DATE = 0x0021
"""1 January 1980, the earliest DOS date: a file depends on its content alone."""


class Member:
    """An array of an archive, in C order: its name, dtype and shape, and a function that gives its bytes in pieces.

    The function may be called more than once, and must give the same bytes each time. `header` is what comes before
    them in the NPY file, `file_name` the name of that file, and `size` its length.
    """

    __slots__ = ("file_name", "header", "read", "size")

    def __init__(
        self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], read: Callable[[], Iterable[Encoded]]
    ) -> None:
        """Describe the array."""
        self.read = read
        self.file_name = f"{name}.npy".encode()
        self.header = npy.header(dtype, shape)
        self.size = len(self.header) + dtype.itemsize * prod(shape)

    @classmethod
    def of(cls, name: str, array: NDArray[Any]) -> "Member":
        """An array that is in memory."""
        data = np.asarray(array, order="C").reshape(-1).view(np.uint8).data
        return cls(name, array.dtype, array.shape, lambda: (data,))

    def pieces(self) -> Iterator[Encoded]:
        """The NPY file of the array."""
        yield self.header
        yield from self.read()

    def describe(self, crc: int, offset: int) -> tuple[bytes, bytes]:
        """The header before the file with this CRC-32, and its entry in the directory, for a header at `offset`."""
        common = (VERSION, 0, 0, 0, DATE, crc, self.size, self.size, len(self.file_name), 0)
        entry = CENTRAL.pack(b"PK\x01\x02", VERSION, *common, 0, 0, 0, 0, offset)
        return LOCAL.pack(b"PK\x03\x04", *common) + self.file_name, entry + self.file_name


def encode(batch: Batch) -> memoryview:
    """The batch as `x` in its layout, `y` and `index`, and for training the scalar `valid`."""
    return join_archive(_list_members([batch], BLOCK))


def stream(batches: Iterable[Batch]) -> Iterator[Encoded]:
    """The file of all batches one after the other, as if they were one.

    The pixels are gathered twice, some rows at a time: a checksum stands before the bytes that it is of.
    """
    return split_pieces(write_archive(_list_members(list(batches), PIECE)))


def measure(kind: Batch, rows: int) -> int:
    """The length of the file of so many rows, of the kind of a batch."""
    number = np.dtype(np.int64)
    shapes: list[tuple[str, np.dtype[Any], tuple[int, ...]]] = [
        ("x", kind.dtype, (rows, *kind.shape[1:])),
        ("y", number, (rows,)),
        ("index", number, (rows,)),
        *([] if kind.valid is None else [("valid", number, ())]),
    ]
    members = [Member(*one, lambda: ()) for one in shapes]
    return END.size + sum(_measure_member(member) for member in members)


def _measure_member(member: Member) -> int:
    """The bytes of an array in an archive, with its entry in the directory."""
    return LOCAL.size + CENTRAL.size + 2 * len(member.file_name) + member.size


def _list_members(batches: Sequence[Batch], size: int) -> list[Member]:
    """The members of the file of batches, whose pixels are gathered so many bytes at a time."""
    kind = batches[0]
    shape = (sum(map(len, batches)), *kind.shape[1:])
    arrays: dict[str, NDArray[np.generic]] = {
        "y": _join([batch.label for batch in batches]),
        "index": _join([batch.index for batch in batches]),
    }
    if kind.valid is not None:
        arrays["valid"] = np.array(kind.valid, np.int64)

    def read() -> Iterator[Encoded]:
        for batch in batches:
            yield from read_pixels(batch, size)

    images = Member("x", kind.dtype, shape, read)
    return [images, *(Member.of(name, array) for name, array in arrays.items())]


def _join(arrays: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def write_archive(members: Sequence[Member]) -> Iterator[Encoded]:
    """A stored ZIP of arrays, what `numpy.savez` writes, but without a clock in it; each member is read twice.

    Source: PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16; under 4 GiB, so no ZIP64.
    """
    entries, offset = [], 0
    for member in members:
        crc = 0
        for piece in member.pieces():
            crc = isal_zlib.crc32(piece, crc)
        local, entry = member.describe(crc, offset)
        yield local
        offset += len(local)
        for piece in member.pieces():
            yield piece
            offset += len(piece)
        entries.append(entry)
    yield _write_directory(entries, offset)


def join_archive(members: Sequence[Member]) -> memoryview:
    """The same archive in one piece; each member is read once, because its header can be completed afterwards."""
    size = sum(map(_measure_member, members))
    whole, entries, end = np.empty(size + END.size, np.uint8).data, [], 0
    for member in members:
        offset, crc = end, 0
        end += LOCAL.size + len(member.file_name)
        for piece in member.pieces():
            crc = isal_zlib.crc32(piece, crc)
            whole[end : end + len(piece)] = piece
            end += len(piece)
        local, entry = member.describe(crc, offset)
        whole[offset : offset + len(local)] = local
        entries.append(entry)
    whole[end:] = _write_directory(entries, end)
    return whole


def _write_directory(entries: Sequence[bytes], offset: int) -> bytes:
    """The directory of an archive, which begins at `offset`, and its end."""
    listing = b"".join(entries)
    return listing + END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(listing), offset, 0)


NPZ = Format(
    name="npz",
    media_type="application/x-npz",
    suffix="npz",
    encode=encode,
    stream=stream,
    pieces=lambda batch: stream([batch]),
    length=measure,
    costs=Cost(call=40, raw=0.13, scaled=0.5),
)
