"""What a framework receives of a batch: some of its columns, as a tuple or under names of the caller's own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits_client.batch import Batch
from digits_client.batches import Batches

Columns = Sequence[str] | Mapping[str, str]
"""Columns of a batch: `("x", "y")` gives a tuple, `{"image": "x", "label": "y"}` a dictionary with these keys."""

COLUMNS = ("x", "y", "index", "valid")
"""`x` images, `y` labels (int64), `index` positions in the split (int64), `valid` False for padding (bool)."""

DEFAULT = ("x", "y")
"""Images and labels."""


def check_columns(columns: Columns, batches: Batches) -> Columns:
    """Return columns that fit a run.

    Raises:
        TypeError: `columns` is a single name.
        ValueError: there is no such column, or padding could not be told from samples.
    """
    if isinstance(columns, str):
        raise TypeError(f"columns must be a sequence or a mapping of columns, such as ({columns!r},), not a name.")
    names = tuple(columns.values()) if isinstance(columns, Mapping) else tuple(columns)
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or not names:
        raise ValueError(
            f"columns must be some of {', '.join(COLUMNS)}, not {', '.join(map(repr, unknown)) or 'none'}."
        )
    if batches.request.tail == "pad" and "valid" not in names:
        raise ValueError(
            'tail="pad" fills the last batch with samples that the epoch has already visited: add the column "valid", '
            'such as columns=("x", "y", "valid"), and leave rows out of the loss where it is False; '
            'or use tail="partial", which adds none.'
        )
    return columns if isinstance(columns, Mapping) else names


def select_columns(batch: Batch, columns: Columns) -> tuple[NDArray[Any], ...] | dict[str, NDArray[Any]]:
    """Return columns of a batch: arrays of as many rows as the batch has."""
    if isinstance(columns, Mapping):
        return {key: read_column(batch, name) for key, name in columns.items()}
    return tuple(read_column(batch, name) for name in columns)


def read_column(batch: Batch, name: str) -> NDArray[Any]:
    """Return one column of a batch."""
    if name == "valid":
        return np.arange(len(batch)) < batch.valid
    column: NDArray[Any] = getattr(batch, name)
    return column
