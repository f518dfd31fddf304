"""NDJSON: one row object a line, each ended by a newline, so that files of several batches can be joined."""

from collections.abc import Iterable, Iterator

import orjson

from service.data.batch import Batch
from service.formats.format import FLAT, Format
from service.formats.json import rows

OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE


def encode(batch: Batch) -> bytes:
    """The rows as lines; no rows, no bytes."""
    return b"".join([orjson.dumps(row, option=OPTIONS) for row in rows(batch)])


def stream(batches: Iterable[Batch]) -> Iterator[bytes]:
    """The lines of one batch after the other."""
    return map(encode, batches)


NDJSON = Format(
    name="ndjson",
    media_type="application/x-ndjson",
    suffix="ndjson",
    encode=encode,
    stream=stream,
    text=True,
    layouts=FLAT,
    quick=1_000_000,
)
