"""Which formats each kind of answer is offered in, the default first."""

from collections.abc import Mapping
from types import MappingProxyType

from service.formats import FORMATS
from service.formats.format import Format


def _offer(names: str) -> tuple[Format, ...]:
    return tuple(FORMATS[name] for name in names.split())


ROW_FORMATS = _offer("json ndjson csv npy npz arrow parquet safetensors")
"""Formats of a page of rows."""

BATCH_FORMATS = _offer("npz npy safetensors arrow json ndjson")
"""Formats of one training batch."""

STREAM_FORMATS = _offer("arrow ndjson")
"""Formats that can be streamed, for several training batches."""

FILE_FORMATS: Mapping[str, Format] = MappingProxyType(
    {one.suffix: one for one in _offer("parquet arrow-file arrow npz csv ndjson")}
)
"""Formats in which a whole split can be downloaded, by suffix."""
