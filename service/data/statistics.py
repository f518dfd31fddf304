"""Statistics of a split, exact: integers are summed, and divided once. Kept, because a Dataset never changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.data.dataset import Dataset

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 512
"""Images summed at a time, so that widened copies stay within a processor's cache."""


@dataclass(frozen=True)
class Spread:
    """Mean and population standard deviation."""

    mean: float
    std: float


@dataclass(frozen=True, eq=False)
class Intensities:
    """Every pixel of a split taken together: how often each value occurs, and what training needs to normalise."""

    histogram: NDArray[np.int64]
    raw: Spread
    unit: Spread
    nonzero: float


@dataclass(frozen=True, eq=False)
class Sums:
    """Per class and pixel of a split: int64 `(classes, height, width)` sums of values and of their squares."""

    counts: NDArray[np.int64]
    values: NDArray[np.int64]
    squares: NDArray[np.int64]

    def mean(self, label: int) -> NDArray[np.float64]:
        """The mean image of a class, `(height, width)`, on the raw scale; 0 where the class has no images."""
        image: NDArray[np.float64] = self.values[label] / max(1, self.counts[label])
        return image

    def std(self, label: int) -> NDArray[np.float64]:
        """The population standard deviation of each pixel over a class, likewise."""
        return _deviation(max(np.int64(1), self.counts[label]), self.values[label], self.squares[label])


@lru_cache(maxsize=64)
def intensities(dataset: Dataset, split: str) -> Intensities:
    """The distribution of all pixel values of a split."""
    histogram = class_histograms(dataset, split).sum(axis=0)
    raw, nonzero = _spread(histogram)
    peak = dataset.card.peak
    return Intensities(histogram, raw, Spread(raw.mean / peak, raw.std / peak), nonzero)


@lru_cache(maxsize=64)
def class_histograms(dataset: Dataset, split: str) -> NDArray[np.int64]:
    """How often each value 0…peak occurs in the images of each class, int64 `(classes, peak + 1)`."""
    values = dataset.card.peak + 1
    counts = np.zeros((len(dataset.card.classes), values), dtype=np.int64)
    for label, block in _blocks(dataset, split):
        counts[label] += np.bincount(block.ravel(), minlength=values)
    return counts


@lru_cache(maxsize=64)
def class_sums(dataset: Dataset, split: str) -> Sums:
    """Sums of every pixel over the images of each class."""
    card = dataset.card
    shape = (len(card.classes), card.height, card.width)
    sums = Sums(np.zeros(shape[0], np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    for label, block in _blocks(dataset, split):
        wide = block.astype(np.uint32)
        sums.counts[label] += len(block)
        sums.values[label] += wide.sum(axis=0, dtype=np.int64)
        np.square(wide, out=wide)
        sums.squares[label] += wide.sum(axis=0, dtype=np.int64)
    return sums


@lru_cache(maxsize=64)
def label_frame(dataset: Dataset, split: str) -> pd.DataFrame:
    """One row a class: count, share, first_index, mean and std of raw intensity, inked (share of non-zero pixels)."""
    import pandas as pd  # noqa: PLC0415 - a second of start-up that only statistics need

    span = dataset.span(split)
    labels = pd.Series(dataset.labels[span.start : span.stop], name="label")
    counts = labels.value_counts(sort=False).reindex(range(len(dataset.card.classes)), fill_value=0)
    frame = pd.DataFrame({"count": counts})
    frame["share"] = frame["count"] / len(span)
    frame["first_index"] = labels.drop_duplicates().reset_index().set_index("label")["index"]
    spreads = [_spread(histogram) for histogram in class_histograms(dataset, split)]
    frame["mean"] = [spread.mean for spread, _ in spreads]
    frame["std"] = [spread.std for spread, _ in spreads]
    frame["inked"] = [nonzero for _, nonzero in spreads]
    return frame


@lru_cache(maxsize=64)
def column_frame(dataset: Dataset, split: str) -> pd.DataFrame:
    """One row a pixel, named as in flattened rows: min, max, mean, std, nonzero (share) of raw intensity."""
    import pandas as pd  # noqa: PLC0415 - a second of start-up that only statistics need

    span, sums = dataset.span(split), class_sums(dataset, split)
    images = dataset.images[span.start : span.stop]
    values, squares = sums.values.sum(axis=0), sums.squares.sum(axis=0)
    columns = {
        "min": images.min(axis=0),
        "max": images.max(axis=0),
        "mean": values / len(span),
        "std": _deviation(np.int64(len(span)), values, squares),
        "nonzero": np.count_nonzero(images, axis=0) / len(span),
    }
    return pd.DataFrame({name: column.ravel() for name, column in columns.items()}, index=dataset.card.feature_names)


def _blocks(dataset: Dataset, split: str) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The images of each class of a split, a block at a time."""
    span = dataset.span(split)
    images, labels = dataset.images[span.start : span.stop], dataset.labels[span.start : span.stop]
    for label in range(len(dataset.card.classes)):
        mine = np.flatnonzero(labels == label)
        for start in range(0, len(mine), BLOCK):
            yield label, images[mine[start : start + BLOCK]]


def _spread(histogram: NDArray[np.int64]) -> tuple[Spread, float]:
    """Mean and deviation of the values that a histogram counts, and the share of those that are not zero.

    The variance is (n·Σv² - (Σv)²) / n², taken in integers of any size, so nothing cancels.
    """
    counts = [int(count) for count in histogram]
    n = sum(counts)
    if n == 0:
        return Spread(0.0, 0.0), 0.0
    total = sum(value * count for value, count in enumerate(counts))
    squares = sum(value * value * count for value, count in enumerate(counts))
    return Spread(total / n, (n * squares - total * total) ** 0.5 / n), (n - counts[0]) / n


def _deviation(n: np.int64, values: NDArray[np.int64], squares: NDArray[np.int64]) -> NDArray[np.float64]:
    """Population standard deviation from the number, the sums and the sums of squares (exact in int64)."""
    deviation: NDArray[np.float64] = np.sqrt((n * squares - values * values).astype(np.float64)) / n
    return deviation
