"""CSV: a header `index,label,pixel_0_0,…`, then a line a row, ended by a newline (RFC 4180 but for that)."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import orjson

from service.data.batch import Batch, name_pixels
from service.formats.format import FLAT, TEXT, Cost, Encoded, Format, concatenate
from service.formats.json import text_blocks

LINES = "csv"
"""The name of finished rows of this encoding."""


def encode(batch: Batch) -> Encoded:
    """The rows as CSV, header first."""
    return concatenate(stream([batch]))


def stream(batches: Iterable[Batch]) -> Iterator[Encoded]:
    """The header, then the lines of one batch after the other, some at a time."""
    for number, batch in enumerate(batches):
        if number == 0:
            yield _encode_header(batch.height, batch.width)
        stored = batch.encoded.get(LINES)
        for block in text_blocks(batch):
            yield b"".join(encode_rows(block)) if stored is None else stored.read(block.index)


@lru_cache(maxsize=8)
def _encode_header(height: int, width: int) -> bytes:
    return ",".join(["index", "label", *name_pixels(height, width)]).encode() + b"\n"


def encode_rows(batch: Batch) -> list[bytes]:
    """Each row as a line.

    A row of numbers is the same text in CSV as within the brackets of a JSON array, and orjson writes that from a numpy
    array 40 times faster than pandas writes CSV; scaled values are the shortest text that gives the float32 back.
    """
    return [
        b"%d,%d,%b\n" % (index, label, orjson.dumps(pixels, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1])
        for index, label, pixels in zip(batch.index.tolist(), batch.label.tolist(), batch.flat, strict=True)
    ]


CSV = Format(
    name="csv",
    media_type="text/csv",
    suffix="csv",
    encode=encode,
    stream=stream,
    pieces=lambda batch: stream([batch]),
    text=True,
    stored_as=LINES,
    layouts=FLAT,
    costs=Cost(call=15, column=0.08, row=450, raw=3, scaled=16),
    sizes=TEXT,
)
