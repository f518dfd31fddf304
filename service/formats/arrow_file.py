"""Arrow IPC as a file: the stream between magic strings, with a footer by which readers jump to each record batch."""

import io
import struct
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from service.data.batch import Batch
from service.formats.arrow import END_OF_STREAM, Kind, describe_kind, make_template, stream_size
from service.formats.format import BLOCK, PIECE, Cost, Encoded, Format, count_bytes, join_pieces, split_pieces

MAGIC = b"ARROW1"
"""What a file begins and ends with."""

FILE_START = 8
"""Where the stream in a file begins: behind the magic string, at a multiple of 8."""

PLACE = struct.Struct("<qi4xq")
"""An entry of a file's footer: where a message begins, and the lengths of its metadata and its body."""


def encode(batch: Batch) -> memoryview:
    """The batch as a file of one record batch."""
    footer = _write_footer(describe_kind(batch), [bytes(PLACE.size)])
    size = FILE_START + stream_size(batch, {len(batch): 1}) + len(footer)
    return join_pieces(size, _write([batch], BLOCK))


def stream(batches: Iterable[Batch]) -> Iterator[Encoded]:
    """One record batch a batch, and the footer that lets readers jump to each."""
    return split_pieces(_write(batches, PIECE))


def _write(batches: Iterable[Batch], size: int) -> Iterator[Encoded]:
    """A file whose images are gathered so many bytes at a time: a stream and a footer, between magic strings."""
    places: list[bytes] = []
    position, kind = FILE_START, None
    for batch in batches:
        kind = describe_kind(batch)
        if not places:
            yield MAGIC.ljust(FILE_START, b"\0")
            yield kind.message
            position += len(kind.message)
        template = make_template(kind, len(batch))
        yield from template.fill(batch, size)
        length = template.size(count_bytes(batch))
        places.append(PLACE.pack(position, template.metadata, length - template.metadata))
        position += length
    if kind is not None:
        yield END_OF_STREAM
        yield _write_footer(kind, places)


def _write_footer(kind: Kind, places: Sequence[bytes]) -> bytes:
    """The end of a file whose messages are at these places.

    pyarrow writes it for a file of as many batches without rows, and their places are replaced.
    """
    none = make_template(kind, 0)
    empty = pa.ipc.read_record_batch(pa.py_buffer(none.head), kind.schema)
    file = io.BytesIO()
    with pa.ipc.new_file(file, kind.schema) as writer:
        for _ in places:
            writer.write_batch(empty)
    content = file.getvalue()
    length = int.from_bytes(content[-len(MAGIC) - 4 : -len(MAGIC)], "little")
    start, size = FILE_START + len(kind.message), len(none.head)
    written = (PLACE.pack(start + number * size, none.metadata, size - none.metadata) for number in range(len(places)))
    before, _, after = content[-len(MAGIC) - 4 - length :].partition(b"".join(written))
    return before + b"".join(places) + after


ARROW_FILE = Format(
    name="arrow-file",
    media_type="application/vnd.apache.arrow.file",
    suffix="arrow",
    encode=encode,
    stream=stream,
    costs=Cost(call=250, raw=0.15, scaled=0.8),
)
