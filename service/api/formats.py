"""Which formats each kind of answer is offered in, the default first."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import orjson

from service.formats import FORMATS
from service.formats.format import Format
from service.formats.json import JSON
from service.formats.npy import NPY, encode_array


def _offer(names: str) -> tuple[Format, ...]:
    return tuple(FORMATS[name] for name in names.split())


ROW_FORMATS = _offer("json ndjson csv npy npz arrow parquet safetensors")
"""Formats of a page of rows."""

BATCH_FORMATS = _offer("npz npy safetensors arrow json ndjson")
"""Formats of one training batch."""

STREAM_FORMATS = _offer("arrow ndjson")
"""Formats that can be streamed, for several training batches."""

ORDER_FORMATS = (
    replace(JSON, encode=lambda batch: orjson.dumps({"order": batch.index}, option=orjson.OPT_SERIALIZE_NUMPY)),
    replace(NPY, encode=lambda batch: encode_array(batch.index)),
)
"""Formats of an order, which is the index of a batch without its pixels."""

FILE_FORMATS: Mapping[str, Format] = MappingProxyType(
    {one.suffix: one for one in _offer("parquet arrow-file arrow npz csv ndjson")}
)
"""Formats in which a whole split can be downloaded, by suffix."""
