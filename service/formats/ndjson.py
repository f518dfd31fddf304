"""NDJSON: one row object a line, each ended by a newline, so that files of several batches can be joined."""

from collections.abc import Iterable, Iterator

import orjson

from service.data.batch import Batch
from service.formats.format import Format
from service.formats.json import rows

ROWS = 256
"""Lines a piece of a stream: a millisecond's work."""

OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE


def encode(batch: Batch) -> bytes:
    """The rows as lines; no rows, no bytes."""
    return b"".join([orjson.dumps(row, option=OPTIONS) for row in rows(batch)])


def stream(batches: Iterable[Batch]) -> Iterator[bytes]:
    """The lines of one batch after the other, some at a time, so that none takes long."""
    for batch in batches:
        for start in range(0, len(batch), ROWS):
            yield encode(batch[start : start + ROWS])


NDJSON = Format(
    name="ndjson",
    media_type="application/x-ndjson",
    suffix="ndjson",
    encode=encode,
    stream=stream,
    text=True,
    quick=1_000_000,
)
