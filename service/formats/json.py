"""JSON (RFC 8259): an array of row objects `{"index", "label", "pixels"}`; float32 in its shortest form."""

import orjson

from service.data.batch import Batch
from service.formats.format import Format


def encode(batch: Batch) -> bytes:
    """The rows as one JSON array of objects."""
    return orjson.dumps(rows(batch), option=orjson.OPT_SERIALIZE_NUMPY)


def rows(batch: Batch) -> list[dict[str, object]]:
    """The rows as objects whose `pixels` are numpy arrays, which orjson writes without making Python numbers."""
    return [
        {"index": index, "label": label, "pixels": pixels}
        for index, label, pixels in zip(batch.index.tolist(), batch.label.tolist(), batch.image, strict=True)
    ]


JSON = Format(name="json", media_type="application/json", suffix="json", encode=encode, text=True, quick=1_000_000)
