"""A Subset: which samples of a split belong to a choice. Counts them by arithmetic before any is selected."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.data.class_counts import Part, count_first_of_each, count_fold, count_labelled, count_span
from service.data.order import order_cost
from service.data.selection import Selection
from service.data.split import Split

LABELLING, DEALING = 2.0, 10.0
"""Measured nanoseconds a sample: to compare its label, and to deal it to a fold or to count it within its class."""


@dataclass(frozen=True, kw_only=True)
class Subset:
    """A range of indices, some classes, one side of a fold, a few samples of each class: applied in that order.

    `span` must lie within the split, and not be empty; the whole split is None, so that equal subsets are equal values.
    `seed` shuffles the samples after the classes are chosen, and before the fold and the few of each class are
    taken, so that it decides which samples belong to them.
    """

    span: range | None = None
    labels: tuple[int, ...] = ()
    fold: int | None = None
    folds: int | None = None
    part: Part = "train"
    per_class: int | None = None
    seed: int | None = None

    def select(self, selection: Selection) -> Selection:
        """The samples that belong, of a selection of a whole split in file order; shuffled by the seed if there is one.

        Raises:
            Refused: a label is no class, or a class is too small.
        """
        if self.span is not None:
            selection = selection.page(self.span.start, len(self.span))
        if self.labels:
            selection = selection.labelled(self.labels)
        if self.seed is not None:
            selection = selection.shuffled(self.seed)
        if self.fold is not None and self.folds is not None:
            selection = selection.fold(self.fold, self.folds, self.part)
        return selection if self.per_class is None else selection.first_of_each(self.per_class)

    def counts(self, split: Split) -> NDArray[np.int64]:
        """How many samples of each class `select` gives of all samples of a split, int64 `(classes,)`.

        Computed from the class counts of the split, or of the range, which are stored: in microseconds.

        Raises:
            Refused: exactly when `select` raises it, with the same message.
        """
        counts = self._count_range(split)
        if self.labels:
            counts = count_labelled(counts, self.labels, split.card)
        if self.fold is not None and self.folds is not None:
            counts = count_fold(counts, self.fold, self.folds, self.part)
        return counts if self.per_class is None else count_first_of_each(counts, self.per_class)

    def count(self, split: Split) -> int:
        """How many samples `select` gives of all samples of a split.

        Raises:
            Refused: exactly when `select` raises it, with the same message.
        """
        return len(split) if self.is_everything else int(self.counts(split).sum())

    def cost(self, split: Split) -> float:
        """Estimated milliseconds that `select` takes for all samples of a split.

        Raises:
            Refused: a label is no class.
        """
        if self.is_everything and self.seed is None:
            return 0.0
        counts, nanoseconds = self._count_range(split), 0.0
        if self.labels:
            nanoseconds += int(counts.sum()) * LABELLING
            counts = count_labelled(counts, self.labels, split.card)
        n = int(counts.sum())
        order = 0.0 if self.seed is None else order_cost(n, seed=self.seed)
        nanoseconds += n * DEALING * ((self.fold is not None) + (self.per_class is not None))
        return order + nanoseconds / 1e6

    @property
    def is_everything(self) -> bool:
        """Whether all samples belong, in whatever order."""
        return self.span is None and not self.labels and self.fold is None and self.per_class is None

    @property
    def decided_by_seed(self) -> bool:
        """Whether the seed decides which samples belong."""
        return self.fold is not None or self.per_class is not None

    def _count_range(self, split: Split) -> NDArray[np.int64]:
        """How many samples of each class are in the range of indices."""
        return split.class_counts if self.span is None else count_span((split, self.span))
