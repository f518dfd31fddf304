"""CSV: a header `index,label,pixel_0_0,…`, then a line a row, ended by a newline (RFC 4180 but for that)."""

from collections.abc import Iterable, Iterator

import orjson

from service.data.batch import Batch
from service.formats.format import FLAT, Cost, Format, concatenate
from service.formats.json import text_blocks


def encode(batch: Batch) -> bytes:
    """The rows as CSV, header first."""
    return concatenate(stream([batch]))


def stream(batches: Iterable[Batch]) -> Iterator[bytes]:
    """The header, then the lines of one batch after the other, some at a time."""
    for number, batch in enumerate(batches):
        if number == 0:
            yield ",".join(["index", "label", *batch.columns]).encode() + b"\n"
        yield from map(_encode_lines, text_blocks(batch))


def _encode_lines(batch: Batch) -> bytes:
    """One line a row.

    A row of numbers is the same text in CSV as within the brackets of a JSON array, and orjson writes that from a numpy
    array 40 times faster than pandas writes CSV; scaled values are the shortest text that gives the float32 back.
    """
    return b"".join(
        [
            b"%d,%d,%b\n" % (index, label, orjson.dumps(pixels, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1])
            for index, label, pixels in zip(batch.index.tolist(), batch.label.tolist(), batch.flat, strict=True)
        ]
    )


CSV = Format(
    name="csv",
    media_type="text/csv",
    suffix="csv",
    encode=encode,
    stream=stream,
    text=True,
    layouts=FLAT,
    costs=Cost(call=15, column=0.08, row=450, raw=3, scaled=16),
)
