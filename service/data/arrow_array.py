"""Arrow arrays over numpy's memory."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def to_arrow(array: NDArray[np.generic]) -> pa.Array:
    """A one-dimensional, contiguous array of numbers as an Arrow array over the same memory.

    `pyarrow.array` does the same, but imports pandas to ask whether it is one of its arrays, which takes up to a
    second of a first answer.
    """
    return pa.Array.from_buffers(pa.from_numpy_dtype(array.dtype), len(array), [None, pa.py_buffer(array)])


def to_arrow_text(texts: Sequence[str]) -> pa.StringArray:
    """Texts as an Arrow array, for the same reason without `pyarrow.array`."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))
