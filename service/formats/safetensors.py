"""safetensors: tensors `image`, `label` and `index`, with the batch's facts as metadata."""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import orjson

from service.data.batch import Batch
from service.formats.format import BLOCK, PIECE, Cost, Encoded, Format, join_pieces, read_pixels, split_pieces

DTYPES = {"uint8": "U8", "float32": "F32", "int64": "I64"}
"""The format's names of our dtypes."""

ALIGNMENT = 8
"""Tensors begin at a multiple of this many bytes."""


def encode(batch: Batch) -> memoryview:
    """The batch as tensors, the widest first, which keeps each aligned; for training also the scalar `valid`."""
    return join_pieces(measure(batch, len(batch)), _write(batch, BLOCK))


def pieces(batch: Batch) -> Iterator[Encoded]:
    """The same file in pieces."""
    return split_pieces(_write(batch, PIECE))


def measure(kind: Batch, rows: int) -> int:
    """The length of the file of so many rows, of the kind of a batch."""
    head, size = _write_head(kind, rows)
    return len(head) + size


def _write(batch: Batch, size: int) -> Iterator[Encoded]:
    """The file, whose pixels are gathered so many bytes at a time."""
    valid = [] if batch.valid is None else [np.array(batch.valid, np.int64)]
    yield _write_head(batch, len(batch))[0]
    yield from (
        np.asarray(one, order="C").reshape(-1).view(np.uint8).data for one in (*valid, batch.index, batch.label)
    )
    yield from read_pixels(batch, size)


def _write_head(kind: Batch, rows: int) -> tuple[bytes, int]:
    """What comes before the tensors of so many rows, and how many bytes they are.

    Source: the format's description: the header's length as little-endian uint64, the header as JSON padded with
    spaces, then the tensors without gaps.
    """
    number = np.dtype(np.int64)
    shapes: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {
        **({} if kind.valid is None else {"valid": (number, ())}),
        "index": (number, (rows,)),
        "label": (number, (rows,)),
        "image": (kind.dtype, (rows, *kind.shape[1:])),
    }
    header: dict[str, object] = {"__metadata__": dict(kind.facts)}
    offset = 0
    for name, (dtype, shape) in shapes.items():
        end = offset + dtype.itemsize * prod(shape)
        header[name] = {"dtype": DTYPES[dtype.name], "shape": shape, "data_offsets": (offset, end)}
        offset = end
    text = orjson.dumps(header)
    text += b" " * (-len(text) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text, offset


SAFETENSORS = Format(
    name="safetensors",
    media_type="application/vnd.safetensors",
    suffix="safetensors",
    encode=encode,
    pieces=pieces,
    length=measure,
    costs=Cost(call=22, raw=0.12, scaled=0.45),
)
