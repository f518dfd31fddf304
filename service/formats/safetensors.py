"""safetensors: tensors `image`, `label` and `index`, with the batch's facts as metadata."""

from itertools import chain
from math import prod

import numpy as np
import orjson

from service.data.batch import Batch
from service.formats.format import BLOCK, Cost, Format, join_pieces, read_pixels

DTYPES = {"uint8": "U8", "float32": "F32", "int64": "I64"}
"""The format's names of our dtypes."""

ALIGNMENT = 8
"""Tensors begin at a multiple of this many bytes."""


def encode(batch: Batch) -> memoryview:
    """The batch as tensors, the widest first, which keeps each aligned; for training also the scalar `valid`.

    Source: the format's description: the header's length as little-endian uint64, the header as JSON padded with
    spaces, then the tensors without gaps.
    """
    tensors = {"index": batch.index, "label": batch.label}
    if batch.valid is not None:
        tensors = {"valid": np.array(batch.valid, np.int64), **tensors}
    shapes = {name: (tensor.dtype, tensor.shape) for name, tensor in tensors.items()}
    header: dict[str, object] = {"__metadata__": dict(batch.facts)}
    offset = 0
    for name, (dtype, shape) in {**shapes, "image": (batch.dtype, batch.shape)}.items():
        end = offset + dtype.itemsize * prod(shape)
        header[name] = {"dtype": DTYPES[dtype.name], "shape": shape, "data_offsets": (offset, end)}
        offset = end
    text = orjson.dumps(header)
    text += b" " * (-len(text) % ALIGNMENT)
    facts = (np.asarray(tensor, order="C").reshape(-1).view(np.uint8).data for tensor in tensors.values())
    head = len(text).to_bytes(8, "little") + text
    return join_pieces(len(head) + offset, chain([head], facts, read_pixels(batch, BLOCK)))


SAFETENSORS = Format(
    name="safetensors",
    media_type="application/vnd.safetensors",
    suffix="safetensors",
    encode=encode,
    costs=Cost(call=22, raw=0.12, scaled=0.45),
)
