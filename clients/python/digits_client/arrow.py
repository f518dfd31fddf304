"""Reading the Arrow streams of the service: record batches of `index`, `label` and `image`, without pyarrow.

Only what the service writes is read: one schema, no dictionaries, no compression, no missing values. The source is the
Arrow columnar format ("Serialization and Interprocess Communication") and its FlatBuffers schemas Message.fbs and
Schema.fbs.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from digits_client.errors import UnexpectedAnswer
from digits_client.flatbuffers import find_field, read_int64, read_pairs, read_u32

MEDIA_TYPE = "application/vnd.apache.arrow.stream"

CONTINUATION = 0xFFFFFFFF
"""Begins every message."""

SCHEMA, RECORD_BATCH = 1, 3
"""Kinds of messages: that which describes the columns, and those that hold rows."""

INDEX, LABEL, IMAGE = 1, 3, 6
"""Places of the columns' values among the buffers of a record batch; the others say which values are missing."""


LONGEST_MESSAGE = 1 << 30
"""Bytes of one message, at most; the service's largest has a hundredth of them."""

WINDOW_BYTES = 262_144
"""Bytes of a stream that are in memory at once, unless a message is larger: they stay in a processor's cache."""

HEAD_BYTES = 4_096
"""Room for the head of a message beside its body, so that a message larger than the window need not be moved."""


class TruncatedStream(OSError):
    """The bytes end before the stream does, or are no such stream."""


class Source(Protocol):
    """What can be read from: a file without a buffer of its own."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Put at least one byte into the buffer, and return how many; 0 at the end."""


@dataclass(frozen=True, kw_only=True)
class StreamType:
    """What a stream is expected to hold: raw images."""

    shape: tuple[int, ...]
    """Of one image."""

    facts: Mapping[str, str]
    """Metadata of the schema; what a stream does not state is not compared."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one record batch, as views of memory that the next one overwrites."""

    index: NDArray[np.int64]
    label: NDArray[np.int64]
    image: NDArray[np.uint8]


@dataclass(frozen=True)
class Metadata:
    """What the head of a message says: its kind, the bytes of its body, and for a record batch, where its rows are."""

    kind: int
    body: int
    rows: int = 0
    places: tuple[int, ...] = ()


def read_stream(source: Source, expected: StreamType) -> Iterator[Rows]:
    """Give the record batches of a stream, one after the other as they arrive.

    Raises:
        TruncatedStream: the stream is not whole.
        UnexpectedAnswer: it states other facts than expected.
    """
    window = Window(source)
    known: dict[bytes, Metadata] = {}  # messages with as many rows have the same head
    while True:
        mark, size = struct.unpack("<Ii", window.read(8))
        if mark != CONTINUATION or not 0 <= size <= LONGEST_MESSAGE:
            raise TruncatedStream("The bytes are no Arrow stream.")
        if size == 0:
            return
        head = bytes(window.read(size))
        metadata = known.get(head)
        if metadata is None:
            metadata = known[head] = parse_metadata(head, expected)
        body = window.read(metadata.body, message=8 + size + metadata.body)
        if metadata.kind == RECORD_BATCH:
            yield view_rows(body, metadata, expected)


def parse_metadata(head: bytes, expected: StreamType) -> Metadata:
    """Return what the head of a message says.

    Raises:
        TruncatedStream: it is damaged.
        UnexpectedAnswer: it is a schema with other facts than expected.
    """
    try:
        table = read_u32(head, 0)
        kind, header = head[find_field(head, table, 1)], find_field(head, table, 2)
        header += read_u32(head, header)
        body = check_size(read_int64(head, table, 3))
        if kind == SCHEMA:
            check_facts(read_pairs(head, header, 2), expected.facts)
        if kind != RECORD_BATCH:
            return Metadata(kind, body)
        rows, vector = read_int64(head, header, 0), find_field(head, header, 2)
        buffers = vector + read_u32(head, vector) + 4
        places = [struct.unpack_from("<q", head, buffers + 16 * number)[0] for number in (INDEX, LABEL, IMAGE)]
    except (struct.error, IndexError, ValueError) as error:
        raise TruncatedStream(f"The Arrow stream has a damaged message: {error}.") from None
    sizes = [8 * rows, 8 * rows, prod(expected.shape) * rows]
    if rows < 0 or any(place < 0 or place + size > body for place, size in zip(places, sizes, strict=True)):
        raise TruncatedStream("The Arrow stream has a damaged record batch: its rows are outside of it.")
    return Metadata(kind, body, rows, tuple(places))


def check_size(size: int) -> int:
    """Return the size of a message's body if it is plausible, so that damage does not allocate all memory."""
    if not 0 <= size <= LONGEST_MESSAGE:
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


def view_rows(body: memoryview, metadata: Metadata, expected: StreamType) -> Rows:
    """Return the rows in the body of a record batch."""
    rows, (index, label, image) = metadata.rows, metadata.places
    return Rows(
        np.frombuffer(body, np.int64, rows, index),
        np.frombuffer(body, np.int64, rows, label),
        np.frombuffer(body, np.uint8, rows * prod(expected.shape), image).reshape(rows, *expected.shape),
    )


class Window:
    """The part of a stream that is in memory, in one buffer that is filled again and again.

    It reads ahead to the end of a message, as far as it can tell, so that hardly anything has to be moved.
    """

    def __init__(self, source: Source) -> None:
        """Read from `source`."""
        self._source = source
        self._buffer = memoryview(bytearray(WINDOW_BYTES))
        self._limit = WINDOW_BYTES
        self._start = self._end = 0

    def read(self, size: int, *, message: int = 0) -> memoryview:
        """Return the next bytes, as a view that is valid until the next call.

        Args:
            size: how many.
            message: bytes of the whole message that they belong to, if the next one may have as many.

        Raises:
            TruncatedStream: the stream has fewer.
        """
        if self._end - self._start < size:
            self._fill(size)
        if message:
            self._limit = max(1, len(self._buffer) // message) * message
        content = self._buffer[self._start : self._start + size]
        self._start += size
        return content

    def _fill(self, size: int) -> None:
        """Read until so many bytes are there."""
        if self._start + size > min(self._limit, len(self._buffer)):
            self._move(size)
        while self._end - self._start < size:
            count = self._source.readinto(self._buffer[self._end : max(self._limit, self._start + size)])
            if not count:
                raise TruncatedStream("The Arrow stream ends without its end mark.")
            self._end += count

    def _move(self, size: int) -> None:
        """Move what is left to the beginning of a buffer that has room for so many bytes."""
        rest = bytes(self._buffer[self._start : self._end])
        if size > len(self._buffer):
            self._buffer = memoryview(bytearray(size + HEAD_BYTES))
            self._limit = len(self._buffer)
        self._buffer[: len(rest)] = rest
        self._start, self._end = 0, len(rest)
