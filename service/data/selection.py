"""A Selection: which samples in which order. Touches no pixel until a Batch is asked for."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.data.batch import Batch, Layout, arranged
from service.data.dataset import Dataset
from service.data.order import order_v1
from service.data.scale import Scale, scaled
from service.errors import Refused, Unknown

Part = Literal["train", "holdout"]
"""Which side of a fold: what is trained on, or what is held out."""

T = TypeVar("T", bound=np.generic)
"""The dtype of an array whose rows are selected."""

Indices = range | NDArray[np.int64]
"""Positions within a split. A range (of step 1) as long as the order is the file's, so that a page of it is a view
and not a copy."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Samples of one split in a definite order; `indices` are positions within it. Every verb gives a new one."""

    dataset: Dataset
    split: str
    indices: Indices

    @classmethod
    def of(cls, dataset: Dataset, split: str) -> "Selection":
        """Everything in a split, in file order.

        Raises:
            Unknown: there is no such split.
        """
        return cls(dataset, split, range(len(dataset.span(split))))

    def __len__(self) -> int:
        """Return the number of samples selected."""
        return len(self.indices)

    def labelled(self, labels: Collection[int]) -> "Selection":
        """Only the samples of these classes, in unchanged order.

        Raises:
            Refused: a label is not a class of the dataset.
        """
        count = len(self.dataset.card.classes)
        for label in labels:
            if not 0 <= label < count:
                raise Refused("label", f"must be a class of {self.dataset.card.name}, 0 to {count - 1}, not {label}")
        mine = self.labels
        keep = np.logical_or.reduce([mine == label for label in set(labels)])
        return self.take(np.flatnonzero(keep))

    def first_of_each(self, count: int) -> "Selection":
        """The first `count` samples of each class that occurs, in unchanged order: a few-shot subset.

        Raises:
            Refused: a class has fewer.
        """
        by_class, sizes = self._by_class()
        fewest = int(sizes[sizes > 0].min(initial=len(self)))
        if count > fewest:
            raise Refused("per_class", f"must be at most {fewest}, the size of the smallest class here, not {count}")
        rank = np.arange(len(self)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return self.take(np.sort(by_class[rank < count]))

    def fold(self, fold: int, folds: int, part: Part) -> "Selection":
        """A stratified fold (`holdout`) or everything else (`train`), in unchanged order.

        The samples are dealt like cards: class by class, within a class in the present order, the q-th one goes to
        fold q mod `folds`. So folds differ by at most one sample, in every class and in all.

        Raises:
            Refused: `fold` is not below `folds`, or a class has fewer samples than there are folds.
        """
        by_class, sizes = self._by_class()
        fewest = int(sizes[sizes > 0].min(initial=len(self)))
        if folds > fewest:
            raise Refused("folds", f"must be at most {fewest}, the size of the smallest class here, not {folds}")
        if fold >= folds:
            raise Refused("fold", f"must be an integer from 0 to {folds - 1}, below folds, not {fold}")
        mine = np.arange(len(self)) % folds == fold
        return self.take(np.sort(by_class[mine if part == "holdout" else ~mine]))

    def in_file_order(self) -> "Selection":
        """The same samples in the order of the file."""
        return replace(self, indices=np.sort(self.indices)) if isinstance(self.indices, np.ndarray) else self

    def shuffled(self, seed: int, epoch: int = 0) -> "Selection":
        """The same samples in order v1 of their number."""
        return self.take(order_v1(len(self), seed=seed, epoch=epoch))

    def page(self, offset: int, limit: int) -> "Selection":
        """At most `limit` samples from `offset` on; none where `offset` is at or past the end."""
        return Selection(self.dataset, self.split, self.indices[offset : offset + limit])

    def one(self, position: int) -> "Selection":
        """The sample at `position`.

        Raises:
            Unknown: the position is not within the selection.
        """
        if not 0 <= position < len(self):
            where = f"{self.dataset.card.name}/{self.split}"
            raise Unknown("sample", position, f"an index from 0 to {len(self) - 1}", where=where)
        return self.page(position, 1)

    def take(self, positions: NDArray[np.int64]) -> "Selection":
        """The samples at `positions` (int64, within the selection), in that order, repeats kept."""
        if not isinstance(self.indices, range):
            positions = self.indices[positions]
        elif self.indices.start:
            positions = positions + self.indices.start
        return Selection(self.dataset, self.split, positions)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each sample, int64 `(n,)`."""
        return self._rows(self.dataset.labels)

    @property
    def images(self) -> NDArray[np.uint8]:
        """Each sample's pixels, uint8 `(n, height, width)`; a view while the order is the file's, else one gather."""
        return self._rows(self.dataset.images)

    def batch(self, *, layout: Layout = "flat", scale: Scale = "raw", valid: int | None = None) -> Batch:
        """The values of the selected samples, in a layout and on a scale; in a padded batch, `valid` are real."""
        card = self.dataset.card
        return Batch(
            index=np.asarray(self.indices, dtype=np.int64),
            label=self.labels,
            image=arranged(scaled(self.images, self.dataset, scale), layout),
            height=card.height,
            width=card.width,
            peak=card.peak,
            facts={
                "dataset": card.name,
                "split": self.split,
                "rev": self.dataset.rev,
                "layout": layout,
                "scale": scale,
                "peak": str(card.peak),
            },
            valid=valid,
        )

    def _by_class(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions sorted by class, in unchanged order within each, and the number of samples of every class."""
        narrow = self.labels.astype(np.uint8)  # numpy sorts small integers by counting them
        return np.argsort(narrow, kind="stable"), np.bincount(narrow, minlength=len(self.dataset.card.classes))

    def _rows(self, array: NDArray[T]) -> NDArray[T]:
        """The selected rows of an array that is in the order of `all`."""
        start = self.dataset.span(self.split).start
        if isinstance(self.indices, range):
            return array[start + self.indices.start : start + self.indices.stop]
        return array.take(self.indices + start if start else self.indices, axis=0)
