"""Reading the Arrow streams of the service: record batches of `index`, `label` and `image`, without pyarrow.

Only what the service writes is read: one schema, no dictionaries, no compression, no missing values. The source is the
Arrow columnar format ("Serialization and Interprocess Communication") and its FlatBuffers schemas Message.fbs and
Schema.fbs.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from digits_client.errors import UnexpectedAnswer
from digits_client.flatbuffers import find_field, read_int64, read_pairs, read_u32

Pixels = NDArray[np.uint8] | NDArray[np.float32]
"""Images, raw or scaled."""

MEDIA_TYPE = "application/vnd.apache.arrow.stream"

CONTINUATION = 0xFFFFFFFF
"""Begins every message."""

SCHEMA, RECORD_BATCH = 1, 3
"""Kinds of messages: that which describes the columns, and those that hold rows."""

INDEX, LABEL, IMAGE = 1, 3, 6
"""Places of the columns' values among the buffers of a record batch; the others say which values are missing."""


LONGEST_BODY = 1 << 30
"""Bytes of one record batch, at most; the service's largest has a hundredth of them."""


class TruncatedStream(OSError):
    """The bytes end before the stream does, or are no such stream."""


class Source(Protocol):
    """What can be read from: a buffered file."""

    def read(self, size: int, /) -> bytes:
        """Return as many bytes, fewer only at the end."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer, less of it only at the end."""


@dataclass(frozen=True, kw_only=True)
class StreamType:
    """What a stream is expected to hold."""

    dtype: np.dtype[np.uint8 | np.float32]
    """Of the images."""

    shape: tuple[int, ...]
    """Of one image."""

    facts: Mapping[str, str]
    """Metadata of the schema; what a stream does not state is not compared."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one record batch, as writable views of memory of their own."""

    index: NDArray[np.int64]
    label: NDArray[np.int64]
    image: Pixels


def read_stream(source: Source, expected: StreamType) -> Iterator[Rows]:
    """Give the record batches of a stream, one after the other as they arrive.

    Raises:
        TruncatedStream: the stream is not whole.
        UnexpectedAnswer: it states other facts than expected.
    """
    while True:
        mark, size = struct.unpack("<Ii", _read_exactly(source, 8))
        if mark != CONTINUATION or size < 0:
            raise TruncatedStream("The bytes are no Arrow stream.")
        if size == 0:
            return
        message = _read_exactly(source, size)
        try:
            table = read_u32(message, 0)
            kind = message[find_field(message, table, 1)]
            header = find_field(message, table, 2)
            header += read_u32(message, header)
            body = np.empty(check_size(read_int64(message, table, 3)), np.uint8)
            if kind == SCHEMA:
                check_facts(read_pairs(message, header, 2), expected.facts)
        except (struct.error, IndexError, ValueError) as error:
            raise TruncatedStream(f"The Arrow stream has a damaged message: {error}.") from None
        if source.readinto(body.data) < len(body):
            raise TruncatedStream("The Arrow stream ends within a message.")
        if kind == RECORD_BATCH:
            yield _parse_rows(message, header, body, expected)


def check_size(size: int) -> int:
    """Return the size of a message's body if it is plausible, so that damage does not allocate all memory."""
    if not 0 <= size <= LONGEST_BODY:
        raise ValueError(f"{size} bytes in one message")
    return size


def check_facts(found: Mapping[str, str], expected: Mapping[str, str]) -> None:
    """Compare what a stream states with what was requested.

    Raises:
        UnexpectedAnswer: they differ.
    """
    for name, value in expected.items():
        if found.get(name, value) != value:
            raise UnexpectedAnswer(
                f"The answer has {name} {found[name]!r}, and {value!r} was requested: "
                "a cache or proxy on the way may ignore a part of the URL."
            )


def _read_exactly(source: Source, size: int) -> bytes:
    content = source.read(size)
    if len(content) < size:
        raise TruncatedStream("The Arrow stream ends without its end mark.")
    return content


def _parse_rows(message: bytes, table: int, body: NDArray[np.uint8], expected: StreamType) -> Rows:
    """Return the rows of a record batch: their number is field 0 of its table, its buffers are field 2."""
    try:
        count = read_int64(message, table, 0)
        vector = find_field(message, table, 2)
        buffers = vector + read_u32(message, vector) + 4
        places = [struct.unpack_from("<q", message, buffers + 16 * number)[0] for number in (INDEX, LABEL, IMAGE)]
        index, label = (np.frombuffer(body, np.int64, count, place) for place in places[:2])
        image = np.frombuffer(body, expected.dtype, count * prod(expected.shape), places[2])
    except (struct.error, IndexError, ValueError) as error:
        raise TruncatedStream(f"The Arrow stream has a damaged record batch: {error}.") from None
    return Rows(index, label, cast("Pixels", image.reshape(count, *expected.shape)))
