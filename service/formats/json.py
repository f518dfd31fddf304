"""JSON (RFC 8259): an array of row objects `{"index", "label", "pixels"}`; float32 in its shortest form."""

from collections.abc import Iterator

import numpy as np
import orjson

from service.data.batch import Batch
from service.data.encoded_rows import EncodedRows
from service.formats.format import TEXT, Cost, Encoded, Format, concatenate

ROWS = 256
"""Rows of a piece, at most."""

LINES = "ndjson"
"""The encoding whose finished rows serve JSON as well: it has the same text, and newlines where an array has commas."""

COMMA, CLOSING = b",]"
"""What follows a row of an array, and the last one."""

HOLE = b"\x00"
"""What stands for the rows in an envelope; no JSON text contains it."""

RAW_VALUES, SCALED_VALUES = 65_536, 16_384
"""Pixel values of a piece: half a millisecond's work and 256 kB of text, at most. orjson holds the interpreter's lock
for the whole of a call, so a long call would stop the event loop, even from another thread."""


def encode(batch: Batch) -> Encoded:
    """The rows as one JSON array of objects, within the batch's envelope if it has one."""
    stored = batch.encoded.get(LINES)
    return concatenate(_write(batch, pieces=4)) if stored is None or not len(batch) else _enclose(batch, stored)


def stream(batch: Batch) -> Iterator[Encoded]:
    """The same text in pieces."""
    return _write(batch, pieces=1)


def _write(batch: Batch, *, pieces: int) -> Iterator[Encoded]:
    """The text, of each block so many pieces of a stream."""
    before, after = split_envelope(batch)
    yield before
    opening: Encoded = b"["
    for block in text_blocks(batch, pieces=pieces):
        yield opening
        yield _encode_block(block)
        opening = b","
    yield b"]" if len(batch) else b"[]"
    yield after


def _enclose(batch: Batch, stored: EncodedRows) -> memoryview:
    """The same of finished lines, which are copied once; then what is right for an array replaces their newlines."""
    before, after = split_envelope(batch)
    whole = bytearray().join((before, b"[", stored.read(batch.index), after))
    newlines = len(before) + stored.ends(batch.index)
    np.frombuffer(whole, np.uint8)[newlines] = COMMA
    whole[newlines[-1]] = CLOSING
    return memoryview(whole)


def _encode_block(batch: Batch) -> memoryview:
    """The rows as members of an array, without its brackets."""
    return memoryview(orjson.dumps(rows(batch), option=orjson.OPT_SERIALIZE_NUMPY))[1:-1]


def split_envelope(batch: Batch) -> tuple[bytes, bytes]:
    """The text of a batch's envelope before and after its rows."""
    if batch.envelope is None:
        return b"", b""
    text = orjson.dumps({**batch.envelope(), "rows": orjson.Fragment(HOLE)})
    before, _, after = text.partition(HOLE)
    return before, after


def rows(batch: Batch) -> list[dict[str, object]]:
    """The rows as objects whose `pixels` are numpy arrays, which orjson writes without making Python numbers."""
    return [
        {"index": index, "label": label, "pixels": pixels}
        for index, label, pixels in zip(batch.index.tolist(), batch.label.tolist(), batch.image, strict=True)
    ]


def text_blocks(batch: Batch, *, pieces: int = 1) -> Iterator[Batch]:
    """The batch in parts that are each short work, and a text of at most so many pieces of a stream."""
    values = RAW_VALUES if batch.dtype.itemsize == 1 else SCALED_VALUES
    return batch.blocks(pieces * min(values, ROWS * batch.height * batch.width))


JSON = Format(
    name="json",
    media_type="application/json",
    suffix="json",
    encode=encode,
    pieces=stream,
    text=True,
    stored_as=LINES,
    costs=Cost(call=17, row=300, raw=2.6, scaled=16),
    sizes=TEXT,
)
