"""Batches on their way from a worker to the loop: raw through a pipe, and scaled where they arrive.

A pipe carries the raw bytes of a batch in a fraction of the time in which PyTorch hands over its tensors, for each of
which it opens a file of shared memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from digits_client.batch import Batch
from digits_client.columns import Columns, select_columns
from digits_client.scale import Intensities, Scale

Item = Sequence[torch.Tensor] | dict[str, torch.Tensor]
"""A batch: tensors of its columns, over the memory of its arrays."""


class Parcel:
    """A raw batch that becomes an item when it is unpickled, or when a `collate_fn` looks into it before."""

    def __init__(self, batch: Batch, *, scale: Scale, intensities: Intensities, columns: Columns) -> None:
        """Pack a raw batch whose images are wanted on a scale."""
        self._content = batch, scale, intensities, columns
        self._item: Item | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how the receiver makes the item."""
        batch, *wanted = self._content
        return unpack, ((batch.x, batch.y, batch.index, batch.valid), *wanted)

    @property
    def item(self) -> Item:
        """What it becomes."""
        if self._item is None:
            self._item = make_item(*self._content)
        return self._item

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self.item)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the columns, or over their keys."""
        return iter(self.item)

    def __getitem__(self, key: Any) -> torch.Tensor:  # noqa: ANN401 - a number or a key
        """Return a column."""
        column: torch.Tensor = self.item[key]
        return column

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method of the item, such as `items`
        """Return what the item has by a name."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.item, name)


def unpack(arrays: tuple[Any, ...], scale: Scale, intensities: Intensities, columns: Columns) -> Item:
    """Return the item that a parcel carries."""
    return make_item(Batch(*arrays), scale, intensities, columns)


def make_item(batch: Batch, scale: Scale, intensities: Intensities, columns: Columns) -> Item:
    """Return a raw batch as an item whose images are on a scale."""
    if scale != "raw":
        batch = replace(batch, x=intensities.scale(batch.x.view(np.uint8), scale))
    return to_item(batch, columns)


def to_item(batch: Batch, columns: Columns) -> Item:
    """Return columns of a batch as tensors, over the same memory."""
    selected = select_columns(batch, columns)
    if isinstance(selected, dict):
        return {key: torch.from_numpy(array) for key, array in selected.items()}
    return tuple(torch.from_numpy(array) for array in selected)
