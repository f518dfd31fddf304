"""Class counts: how many samples of each class a choice keeps. Reads no pixels, and labels only for a range of indices.

All other functions take int64 counts `(classes,)` and return new ones, by arithmetic alone. Selections call them for
their checks, so that counting the samples of a choice refuses exactly what making it refuses.
"""

from collections.abc import Collection
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.data.cache import compute_once
from service.data.card import Card
from service.data.split import Split
from service.errors import Refused

Part = Literal["train", "holdout"]
"""The side of a fold: the samples to train on, or those held out."""

Counts = NDArray[np.int64]
"""The number of samples of each class."""


@compute_once
def count_span(place: tuple[Split, range]) -> Counts:
    """The counts of the samples of a split whose index is in a range of step 1; read-only."""
    split, span = place
    counts = np.bincount(split.labels[span.start : span.stop], minlength=len(split.card.classes)).astype(np.int64)
    counts.flags.writeable = False
    return counts


def count_labelled(counts: Counts, labels: Collection[int], card: Card) -> Counts:
    """The counts of these classes; those of all others become 0.

    Raises:
        Refused: a label is not a class of the dataset.
    """
    for label in labels:
        if not 0 <= label < len(counts):
            raise Refused("label", f"must be a class of {card.name}, 0 to {len(counts) - 1}, not {label}")
    chosen = np.zeros_like(counts)
    chosen[list(labels)] = counts[list(labels)]
    return chosen


def count_fold(counts: Counts, fold: int, folds: int, part: Part) -> Counts:
    """The counts of a stratified fold (`holdout`), or of everything else (`train`).

    Of the samples sorted by class, the q-th one is in fold q mod `folds`.

    Raises:
        Refused: `fold` is not below `folds`, or a class has fewer samples than there are folds.
    """
    fewest = count_smallest_class(counts)
    if folds > fewest:
        raise Refused("folds", f"must be at most {fewest}, the size of the smallest class here, not {folds}")
    if fold >= folds:
        raise Refused("fold", f"must be an integer from 0 to {folds - 1}, below folds, not {fold}")
    bounds = np.concatenate([[0], np.cumsum(counts)])
    held_out = np.diff((bounds - fold + folds - 1) // folds)
    return held_out if part == "holdout" else counts - held_out


def count_first_of_each(counts: Counts, count: int) -> Counts:
    """`count` for each class that has samples, and 0 for the others.

    Raises:
        Refused: a class has fewer samples, but has some.
    """
    fewest = count_smallest_class(counts)
    if count > fewest:
        raise Refused("per_class", f"must be at most {fewest}, the size of the smallest class here, not {count}")
    return np.where(counts > 0, count, 0).astype(np.int64)


def count_balanced(counts: Counts) -> int:
    """The number of samples that remain when every class that has samples is cut to the size of the smallest one."""
    return count_smallest_class(counts) * int(np.count_nonzero(counts))


def count_smallest_class(counts: Counts) -> int:
    """The size of the smallest class that has samples; 0 if none has."""
    return int(counts[counts > 0].min(initial=int(counts.sum())))
