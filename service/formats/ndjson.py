"""NDJSON: one row object a line, each ended by a newline, so that files of several batches can be joined."""

from collections.abc import Iterable, Iterator

import orjson

from service.data.batch import Batch
from service.formats.format import Cost, Format, concatenate
from service.formats.json import rows, text_blocks

OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE


def encode(batch: Batch) -> bytes:
    """The rows as lines; no rows, no bytes."""
    return concatenate(stream([batch]))


def stream(batches: Iterable[Batch]) -> Iterator[bytes]:
    """The lines of one batch after the other, some at a time."""
    for batch in batches:
        for block in text_blocks(batch):
            yield b"".join([orjson.dumps(row, option=OPTIONS) for row in rows(block)])


NDJSON = Format(
    name="ndjson",
    media_type="application/x-ndjson",
    suffix="ndjson",
    encode=encode,
    stream=stream,
    text=True,
    costs=Cost(call=16, row=400, raw=2.7, scaled=16),
)
