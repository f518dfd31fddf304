"""Oddness: how much farther a sample is from the mean of its own class than from that of another. In integers."""

import numpy as np
from numpy.typing import NDArray

from service.data.cache import compute_once
from service.data.split import Split
from service.data.statistics import class_sums

STEPS = 1_024
"""Steps of a grey level: means and distances are integers in this unit, so that every machine gives the same order."""

BLOCK = 256
"""Images widened at a time."""

NANOSECONDS = 4.0
"""Measured time to sum a pixel, and to compare it with the means of ten classes."""


def oddness_cost(split: Split) -> float:
    """Estimated milliseconds that `order_by_oddness` takes the first time."""
    return len(split) * split.card.pixels * NANOSECONDS / 1e6


@compute_once
def order_by_oddness(split: Split) -> NDArray[np.int64]:
    """All positions of a split by falling oddness, ties by position; int64 `(n,)`, read-only."""
    order = np.argsort(-measure_oddness(split), kind="stable")
    order.flags.writeable = False
    return order


def measure_oddness(split: Split) -> NDArray[np.int64]:
    """The oddness of each sample of a split, int64 `(n,)`, in steps of 1 / 1,024 grey level.

    It is the distance to the mean of its own class less the distance to the nearest mean of another class, or less 0 if
    all samples are of one class. The means are those of the split.
    """
    distances = _measure_distances(split)
    rows, labels = np.arange(len(split)), split.labels
    own = distances[rows, labels]
    if np.count_nonzero(split.class_counts) == 1:
        return own
    distances[rows, labels] = np.iinfo(np.int64).max
    distances[:, split.class_counts == 0] = np.iinfo(np.int64).max
    oddness: NDArray[np.int64] = own - distances.min(axis=1)
    return oddness


def compute_means(split: Split) -> NDArray[np.int64]:
    """The mean image of each class of a split in steps, halves rounded up; int64 `(classes, pixels)`, 0 if empty.

    The mean of n values with the sum s is ⌊(2·1,024·s + n) / 2n⌋.
    """
    sums = class_sums(split)
    counts = np.maximum(1, sums.counts)[:, None]
    means: NDArray[np.int64] = (2 * STEPS * sums.values.reshape(len(counts), -1) + counts) // (2 * counts)
    return means


def _measure_distances(split: Split) -> NDArray[np.int64]:
    """The Euclidean distance of each sample to the mean of each class, in steps, rounded down; int64 `(n, classes)`.

    The squared distance is |x|² - 2·x·m + |m|², of integers below 2^52 for up to 65,000 pixels of uint8. Up to there
    float64 adds exactly, in any order, and the square root, rounded down, is that of integers.
    """
    means = compute_means(split).astype(np.float64)
    lengths = (means**2).sum(axis=1)
    flat = split.images.reshape(len(split), -1)
    distances = np.empty((len(split), len(means)), np.int64)
    for start in range(0, len(split), BLOCK):
        block = flat[start : start + BLOCK].astype(np.float64)
        own = STEPS**2 * np.einsum("ij,ij->i", block, block)
        distances[start : start + BLOCK] = np.sqrt(own[:, None] - 2 * STEPS * (means @ block.T).T + lengths)
    return distances
