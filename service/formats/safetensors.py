"""safetensors: tensors `image`, `label` and `index`, with the batch's facts as metadata."""

import numpy as np
import orjson

from service.data.batch import Batch
from service.formats.format import Cost, Format

DTYPES = {"uint8": "U8", "float32": "F32", "int64": "I64"}
"""The format's names of our dtypes."""

ALIGNMENT = 8
"""Tensors begin at a multiple of this many bytes."""


def encode(batch: Batch) -> bytes:
    """The batch as tensors, the widest first, which keeps each aligned; for training also the scalar `valid`.

    Source: the format's description: the header's length as little-endian uint64, the header as JSON padded with
    spaces, then the tensors without gaps.
    """
    tensors = {"index": batch.index, "label": batch.label, "image": np.ascontiguousarray(batch.image)}
    if batch.valid is not None:
        tensors = {"valid": np.array(batch.valid, np.int64), **tensors}
    header: dict[str, object] = {"__metadata__": dict(batch.facts)}
    offset = 0
    for name, tensor in tensors.items():
        end = offset + tensor.nbytes
        header[name] = {"dtype": DTYPES[tensor.dtype.name], "shape": tensor.shape, "data_offsets": (offset, end)}
        offset = end
    text = orjson.dumps(header)
    text += b" " * (-len(text) % ALIGNMENT)
    return b"".join(
        (len(text).to_bytes(8, "little"), text, *(np.asarray(one, order="C").data for one in tensors.values()))
    )


SAFETENSORS = Format(
    name="safetensors",
    media_type="application/vnd.safetensors",
    suffix="safetensors",
    encode=encode,
    costs=Cost(fixed=20, row=60, raw=0.15, scaled=0.7),
)
