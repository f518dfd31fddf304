"""NDJSON: one row object a line, each ended by a newline, so that files of several batches can be joined."""

from collections.abc import Iterable, Iterator

import orjson

from service.data.batch import Batch
from service.formats.format import TEXT, Cost, Encoded, Format, concatenate
from service.formats.json import LINES, rows, text_blocks

OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE


def encode(batch: Batch) -> Encoded:
    """The rows as lines; no rows, no bytes."""
    return concatenate(stream([batch]))


def stream(batches: Iterable[Batch]) -> Iterator[Encoded]:
    """The lines of one batch after the other, some at a time."""
    for batch in batches:
        stored = batch.encoded.get(LINES)
        for block in text_blocks(batch):
            yield b"".join(encode_rows(block)) if stored is None else stored.read(block.index)


def encode_rows(batch: Batch) -> list[bytes]:
    """Each row as a line."""
    return [orjson.dumps(row, option=OPTIONS) for row in rows(batch)]


NDJSON = Format(
    name="ndjson",
    media_type="application/x-ndjson",
    suffix="ndjson",
    encode=encode,
    stream=stream,
    pieces=lambda batch: stream([batch]),
    text=True,
    stored_as=LINES,
    costs=Cost(call=16, row=400, raw=2.7, scaled=16),
    sizes=TEXT,
)
