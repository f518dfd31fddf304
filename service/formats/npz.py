"""NPZ: numpy's archive of arrays `x` (images), `y` (labels) and `index`: a ZIP of uncompressed members."""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from service.data.batch import Batch
from service.formats import npy
from service.formats.format import PIECE, Cost, Encoded, Format, split_pieces

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


@dataclass(frozen=True, eq=False, kw_only=True)
class Member:
    """An array of an archive, in C order: its name, dtype and shape, and a function that gives its bytes in pieces.

    The function is called twice, for the checksum and for the file, and must give the same bytes each time.
    """

    name: str
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    read: Callable[[], Iterable[Encoded]]

    @classmethod
    def of(cls, name: str, array: NDArray[np.generic]) -> "Member":
        """An array that is in memory."""
        data = np.asarray(array, order="C").reshape(-1).view(np.uint8).data
        return cls(name=name, dtype=array.dtype, shape=array.shape, read=lambda: (data,))


def encode(batch: Batch) -> bytes:
    """The batch as `x` in its layout, `y` and `index`, and for training the scalar `valid`."""
    return b"".join(write_archive([Member.of("x", batch.image), *_describe([batch])]))


def stream(batches: Iterable[Batch]) -> Iterator[Encoded]:
    """The file of all batches one after the other, as if they were one; each is gathered twice, some rows at a time."""
    parts = list(batches)
    first = parts[0]
    images = Member(
        name="x",
        dtype=first.dtype,
        shape=(sum(map(len, parts)), *first.shape[1:]),
        read=lambda: _read_images(parts),
    )
    yield from split_pieces(write_archive([images, *_describe(parts)]))


def _describe(batches: Sequence[Batch]) -> list[Member]:
    """The members that stand beside the images."""
    arrays: dict[str, NDArray[np.generic]] = {
        "y": np.concatenate([batch.label for batch in batches]),
        "index": np.concatenate([batch.index for batch in batches]),
    }
    if batches[0].valid is not None:
        arrays["valid"] = np.array(batches[0].valid, np.int64)
    return [Member.of(name, array) for name, array in arrays.items()]


def _read_images(batches: Iterable[Batch]) -> Iterator[Encoded]:
    """The bytes of the images, some rows at a time."""
    for batch in batches:
        for block in batch.blocks(PIECE // batch.dtype.itemsize):
            yield np.ascontiguousarray(block.image).reshape(-1).view(np.uint8).data


def write_archive(members: Sequence[Member]) -> Iterator[Encoded]:
    """A stored ZIP of arrays, what `numpy.savez` writes, in half the time and without a clock in it.

    Source: PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16; under 4 GiB, so no ZIP64.
    """
    directory: list[bytes] = []
    offset = 0
    for member in members:
        header, file_name = npy.header(member.dtype, member.shape), f"{member.name}.npy".encode()
        size, crc = len(header), isal_zlib.crc32(header)
        for piece in member.read():
            size, crc = size + len(piece), isal_zlib.crc32(piece, crc)
        common = (VERSION, 0, 0, 0, DATE, crc, size, size, len(file_name), 0)
        directory += [CENTRAL.pack(b"PK\x01\x02", VERSION, *common, 0, 0, 0, 0, offset), file_name]
        yield LOCAL.pack(b"PK\x03\x04", *common) + file_name + header
        yield from member.read()
        offset += LOCAL.size + len(file_name) + size
    listing = b"".join(directory)
    yield listing + END.pack(b"PK\x05\x06", 0, 0, len(members), len(members), len(listing), offset, 0)


NPZ = Format(
    name="npz",
    media_type="application/x-npz",
    suffix="npz",
    encode=encode,
    stream=stream,
    costs=Cost(fixed=20, row=60, raw=0.2, scaled=1),
)
