"""Reading the Arrow streams of this service: record batches of `index`, `label` and `image`, without pyarrow.

Only what the service writes is read: one schema, no dictionaries, no compression, no missing values. The source is the
Arrow columnar format ("Serialization and Interprocess Communication") and its FlatBuffers schemas Message.fbs and
Schema.fbs.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8] | NDArray[np.float32]
"""Images, raw or scaled."""

CONTINUATION = 0xFFFFFFFF
"""Begins every message."""

RECORD_BATCH = 3
"""The kind of message that holds rows."""

INDEX, LABEL, IMAGE = 1, 3, 6
"""Places of the columns' values among the buffers of a record batch; the others say which values are missing."""


class TruncatedStream(OSError):
    """The bytes end before the stream does, or are no such stream."""


class Source(Protocol):
    """What can be read from: a buffered file."""

    def read(self, size: int, /) -> bytes:
        """As many bytes, fewer only at the end."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer, less of it only at the end."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one record batch, as views of memory of their own."""

    index: NDArray[np.int64]
    label: NDArray[np.int64]
    image: Pixels


def read_stream(source: Source, dtype: np.dtype[np.uint8 | np.float32], shape: tuple[int, ...]) -> Iterator[Rows]:
    """The record batches of a stream whose images are of this dtype and shape, one after the other as they come.

    Raises:
        TruncatedStream: the stream is not whole.
    """
    while True:
        mark, size = struct.unpack("<Ii", _exactly(source, 8))
        if mark != CONTINUATION:
            raise TruncatedStream("The bytes are no Arrow stream.")
        if size == 0:
            return
        message = _exactly(source, size)
        table = _u32(message, 0)
        body = np.empty(_number(message, table, 3), np.uint8)
        if source.readinto(body.data) < len(body):
            raise TruncatedStream("The Arrow stream ends within a message.")
        header = _field(message, table, 2)
        if message[_field(message, table, 1)] == RECORD_BATCH:
            yield _rows(message, header + _u32(message, header), body, dtype, shape)


def _exactly(source: Source, size: int) -> bytes:
    content = source.read(size)
    if len(content) < size:
        raise TruncatedStream("The Arrow stream ends without its end mark.")
    return content


def _rows(
    message: bytes, table: int, body: NDArray[np.uint8], dtype: np.dtype[np.uint8 | np.float32], shape: tuple[int, ...]
) -> Rows:
    """The rows of a record batch: its number of rows is field 0 of the table, its buffers are field 2."""
    count = _number(message, table, 0)
    vector = _field(message, table, 2)
    buffers = vector + _u32(message, vector) + 4
    places = [struct.unpack_from("<q", message, buffers + 16 * number)[0] for number in (INDEX, LABEL, IMAGE)]
    index, label = (np.frombuffer(body, np.int64, count, place) for place in places[:2])
    image = np.frombuffer(body, dtype, count * prod(shape), places[2])
    return Rows(index, label, cast("Pixels", image.reshape(count, *shape)))


def _number(content: bytes, table: int, number: int) -> int:
    """The value of an int64 field of a FlatBuffers table; 0, the default, is not written."""
    place = _place(content, table, number)
    return 0 if place is None else int(struct.unpack_from("<q", content, place)[0])


def _field(content: bytes, table: int, number: int) -> int:
    """Where a field of a FlatBuffers table lies that must be there."""
    place = _place(content, table, number)
    if place is None:
        raise TruncatedStream("The Arrow stream has a message without one of its parts.")
    return place


def _place(content: bytes, table: int, number: int) -> int | None:
    """Where a field of a FlatBuffers table lies, if it is there."""
    (back,) = struct.unpack_from("<i", content, table)
    vtable = table - back
    (size,) = struct.unpack_from("<H", content, vtable)
    if 4 + 2 * number >= size:
        return None
    (offset,) = struct.unpack_from("<H", content, vtable + 4 + 2 * number)
    return table + int(offset) if offset else None


def _u32(content: bytes, place: int) -> int:
    return int(struct.unpack_from("<I", content, place)[0])
