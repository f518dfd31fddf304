"""A Selection: which samples of a split, in which order. Reads no pixels until a Batch is read."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from service.data.batch import Batch, Layout, Pixels, to_layout
from service.data.class_counts import Part, count_first_of_each, count_fold, count_labelled
from service.data.encoded_rows import NOTHING
from service.data.oddness import order_by_oddness
from service.data.order import order_v1
from service.data.scale import Scale, find_dtype, scale_pixels
from service.data.split import Split
from service.errors import Unknown

T = TypeVar("T", bound=np.generic)
"""The dtype of an array whose rows are selected."""

Indices = range | NDArray[np.int64]
"""Positions within a split. A range (of step 1) as long as the order is that of the file, so that the images of a page
are a view and not a copy."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Samples of one split in a definite order; `indices` are their positions in it. Each method gives a new one."""

    split: Split
    indices: Indices

    @classmethod
    def of(cls, split: Split) -> "Selection":
        """All samples of a split, in file order."""
        return cls(split, range(len(split)))

    def __len__(self) -> int:
        """Return the number of samples selected."""
        return len(self.indices)

    def labelled(self, labels: Collection[int]) -> "Selection":
        """Only the samples of these classes, in unchanged order.

        Raises:
            Refused: a label is not a class of the dataset.
        """
        count_labelled(self.split.class_counts, labels, self.split.card)
        wanted = np.zeros(len(self.split.card.classes), np.bool_)
        wanted[list(labels)] = True
        return self.take(np.flatnonzero(wanted[self.labels]))

    def first_of_each(self, count: int) -> "Selection":
        """The first `count` samples of each class that occurs, in unchanged order: a few-shot subset.

        Raises:
            Refused: a class has fewer.
        """
        by_class, sizes = self._sort_by_class()
        count_first_of_each(sizes, count)
        rank = np.arange(len(self)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return self.take(np.sort(by_class[rank < count]))

    def fold(self, fold: int, folds: int, part: Part) -> "Selection":
        """A stratified fold (`holdout`) or everything else (`train`), in unchanged order.

        The samples are sorted by class, and within a class stay in the present order; the q-th one belongs to fold
        q mod `folds`. So folds differ by at most one sample, in every class and in all.

        Raises:
            Refused: `fold` is not below `folds`, or a class has fewer samples than there are folds.
        """
        by_class, sizes = self._sort_by_class()
        count_fold(sizes, fold, folds, part)
        mine = np.arange(len(self)) % folds == fold
        return self.take(np.sort(by_class[mine if part == "holdout" else ~mine]))

    def in_file_order(self) -> "Selection":
        """The same samples in the order of the file."""
        return replace(self, indices=np.sort(self.indices)) if isinstance(self.indices, np.ndarray) else self

    def shuffled(self, seed: int, epoch: int = 0) -> "Selection":
        """The same samples in order v1 of their number."""
        return self.take(order_v1(len(self), seed=seed, epoch=epoch))

    def oddest_first(self) -> "Selection":
        """The same samples, which must be distinct, by falling oddness within the split, ties by index."""
        chosen = np.zeros(len(self.split), np.bool_)
        chosen[to_positions(self.indices)] = True
        order = order_by_oddness(self.split)
        return replace(self, indices=order[chosen[order]])

    def page(self, offset: int, limit: int) -> "Selection":
        """At most `limit` samples from `offset` on; none where `offset` is at or past the end."""
        return Selection(self.split, self.indices[offset : offset + limit])

    def one(self, position: int) -> "Selection":
        """The sample at `position`.

        Raises:
            Unknown: the position is not within the selection.
        """
        if not 0 <= position < len(self):
            bounds = f"an index from 0 to {len(self) - 1}"
            raise Unknown("sample", position, bounds, where=self.split.full_name)
        return self.page(position, 1)

    def take(self, positions: NDArray[np.int64]) -> "Selection":
        """The samples at `positions` (int64, within the selection), in that order, repeats kept."""
        if not isinstance(self.indices, range):
            positions = self.indices[positions]
        elif self.indices.start:
            positions = positions + self.indices.start
        return Selection(self.split, positions)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each sample, int64 `(n,)`."""
        return _take_rows(self.split.labels, self.indices)

    @property
    def images(self) -> NDArray[np.uint8]:
        """Each sample's pixels, uint8 `(n, height, width)`: a view in file order, else gathered at each reading."""
        return _take_rows(self.split.images, self.indices)

    def batch(
        self,
        *,
        layout: Layout = "flat",
        scale: Scale = "raw",
        valid: int | None = None,
        envelope: Callable[[], Mapping[str, object]] | None = None,
    ) -> Batch:
        """The values of the samples in a layout and on a scale; in a padded batch, the first `valid` are real.

        Only index and label are read now. The pixels are gathered and scaled when they are read.
        """
        split, indices, card = self.split, self.indices, self.split.card
        images = split.images

        def gather(part: slice) -> Pixels:
            rows = _take_rows(images, indices[part])
            return to_layout(scale_pixels(rows, split.dataset, scale), layout)

        return Batch(
            index=to_positions(indices),
            label=self.labels,
            gather=gather,
            dtype=find_dtype(scale),
            height=card.height,
            width=card.width,
            peak=card.peak,
            facts={
                "dataset": card.name,
                "split": split.name,
                "rev": split.rev,
                "layout": layout,
                "scale": scale,
                "peak": str(card.peak),
            },
            valid=valid,
            envelope=envelope,
            encoded=split.encoded if (layout, scale) == ("flat", "raw") else NOTHING,
        )

    def _sort_by_class(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions sorted by class, in unchanged order within each, and the number of samples of each class."""
        narrow = self.labels.astype(np.uint8)  # numpy sorts small integers by counting them
        sizes = np.bincount(narrow, minlength=len(self.split.card.classes)).astype(np.int64)
        return np.argsort(narrow, kind="stable"), sizes


def to_positions(indices: Indices) -> NDArray[np.int64]:
    """Indices as an array; numpy would read a range number by number, which takes a hundred times as long."""
    if isinstance(indices, range):
        return np.arange(indices.start, indices.stop, indices.step, dtype=np.int64)
    return indices


def _take_rows(array: NDArray[T], indices: Indices) -> NDArray[T]:
    """The rows of a split's array at these positions: a view if they are a range of step 1."""
    if isinstance(indices, range) and indices.step == 1:
        return array[indices.start : max(indices.start, indices.stop)]
    return array.take(to_positions(indices), axis=0)
