"""NPY: numpy's file of one array, version 1.0. The images alone; loads with `allow_pickle=False`."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from math import prod

import numpy as np
from numpy.typing import NDArray

from service.data.batch import Batch
from service.formats.format import BLOCK, PIECE, Cost, Encoded, Format, count_bytes, join_pieces, read_pixels

MAGIC = b"\x93NUMPY\x01\x00"
"""Magic string and version 1.0."""

ALIGNMENT = 64
"""The array begins at a multiple of this, so that a file can be mapped into memory."""


@lru_cache(maxsize=256)
def header(dtype: np.dtype[np.generic], shape: tuple[int, ...], alignment: int = ALIGNMENT) -> bytes:
    """The header of a C-ordered array, padded with spaces, so that the array begins at a multiple of `alignment` bytes.

    Source: numpy's description of the NPY format (NEP 1), written here because it costs a tenth of numpy's own.
    """
    text = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': {shape!r}, }}"
    padding = -(len(MAGIC) + 2 + len(text) + 1) % alignment
    body = f"{text}{' ' * padding}\n".encode("latin-1")
    return MAGIC + len(body).to_bytes(2, "little") + body


def encode(batch: Batch) -> memoryview:
    """The images as one array in the batch's layout."""
    head = header(batch.dtype, batch.shape)
    return join_pieces(len(head) + count_bytes(batch), chain([head], read_pixels(batch, BLOCK)))


def pieces(batch: Batch) -> Iterator[Encoded]:
    """The same file in pieces."""
    return chain([header(batch.dtype, batch.shape)], read_pixels(batch, PIECE))


def measure(kind: Batch, rows: int) -> int:
    """The length of the file of so many rows, of the kind of a batch."""
    shape = (rows, *kind.shape[1:])
    return len(header(kind.dtype, shape)) + kind.dtype.itemsize * prod(shape)


def encode_array(array: NDArray[np.generic]) -> bytes:
    """Any array as a file."""
    whole = np.asarray(array, order="C")
    return b"".join((header(whole.dtype, whole.shape), whole.reshape(-1).view(np.uint8).data))


NPY = Format(
    name="npy",
    media_type="application/x-npy",
    suffix="npy",
    encode=encode,
    pieces=pieces,
    length=measure,
    costs=Cost(call=15, raw=0.12, scaled=0.45),
)
