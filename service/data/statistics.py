"""Statistics of a split, exact: integers are summed, and divided once. Results are cached and read-only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from service.data.cache import compute_once
from service.data.split import Split

BLOCK = 256
"""Images summed at a time: of so many, even sums of squares stay below 2^24, up to which float32 is exact."""

PAIRS = 1 << 16
"""The number of pairs of bytes."""

T = TypeVar("T", bound=np.generic)
"""The dtype of an array."""


@dataclass(frozen=True)
class Spread:
    """Mean and population standard deviation."""

    mean: float
    std: float


@dataclass(frozen=True, eq=False)
class Intensities:
    """Every pixel of a split taken together.

    `histogram` counts each value, int64 `(peak + 1,)`; `raw` and `unit` are what training needs to normalise;
    `nonzero` is the share of pixels that are not 0.
    """

    histogram: NDArray[np.int64]
    raw: Spread
    unit: Spread
    nonzero: float


@dataclass(frozen=True, eq=False)
class Sums:
    """Per class and pixel of a split, int64 `(classes, height, width)`: sums of values, of squares, of non-zeros.

    `counts` is the number of images of each class, int64 `(classes,)`.
    """

    counts: NDArray[np.int64]
    values: NDArray[np.int64]
    squares: NDArray[np.int64]
    nonzero: NDArray[np.int64]

    def mean(self, label: int) -> NDArray[np.float64]:
        """The mean image of a class, `(height, width)`, on the raw scale; 0 where the class has no images."""
        image: NDArray[np.float64] = self.values[label] / max(1, self.counts[label])
        return image

    def std(self, label: int) -> NDArray[np.float64]:
        """The population standard deviation of each pixel over a class, likewise."""
        return _compute_deviation(max(1, int(self.counts[label])), self.values[label], self.squares[label])


@dataclass(frozen=True, eq=False)
class ClassStatistics:
    """One entry per class.

    `count` int64 and `share` float64 of its samples; `first_index`, its first position in the split, or None where it
    has none; `mean` and `std` float64 of raw intensity, and `nonzero`, the share of pixels that are not 0.
    """

    count: NDArray[np.int64]
    share: NDArray[np.float64]
    first_index: tuple[int | None, ...]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    nonzero: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ColumnStatistics:
    """One entry per pixel of flattened images: `name`, and `min`, `max`, `mean`, `std`, `nonzero` of raw intensity.

    `min` and `max` are uint8, the others float64; `nonzero` is the share of images in which the pixel is not 0.
    """

    name: tuple[str, ...]
    min: NDArray[np.uint8]
    max: NDArray[np.uint8]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    nonzero: NDArray[np.float64]


@compute_once
def intensities(split: Split) -> Intensities:
    """The distribution of all pixel values of a split."""
    peak = split.card.peak
    histogram = _count_values(split.images.reshape(-1))[: peak + 1]
    counts = [int(count) for count in histogram]
    values = sum(value * count for value, count in enumerate(counts))
    squares = sum(value * value * count for value, count in enumerate(counts))
    n = sum(counts)
    raw = _compute_spread(n, values, squares)
    return Intensities(_freeze(histogram), raw, Spread(raw.mean / peak, raw.std / peak), (n - counts[0]) / n)


@compute_once
def class_sums(split: Split) -> Sums:
    """Sums of every pixel over the images of each class.

    Blocks are summed in float32, which is exact for so few images and three times as fast as integers.
    """
    card = split.card
    shape = (len(card.classes), card.pixels)
    sums = Sums(split.class_counts, *(np.zeros(shape, np.int64) for _ in range(3)))
    for label, block in _widen_classes(split):
        sums.values[label] += block.sum(axis=0).astype(np.int64)
        sums.nonzero[label] += np.count_nonzero(block, axis=0)
        np.square(block, out=block)
        sums.squares[label] += block.sum(axis=0).astype(np.int64)
    images = (card.height, card.width)
    values, squares, nonzero = (
        _freeze(total.reshape(-1, *images)) for total in (sums.values, sums.squares, sums.nonzero)
    )
    return Sums(split.class_counts, values, squares, nonzero)


@compute_once
def class_statistics(split: Split) -> ClassStatistics:
    """The statistics of each class of a split."""
    sums, labels = class_sums(split), split.labels
    pixels = (sums.counts * split.card.pixels).tolist()
    totals = zip(pixels, *(total.sum(axis=(1, 2)).tolist() for total in (sums.values, sums.squares)), strict=True)
    spreads = [_compute_spread(n, values, squares) for n, values, squares in totals]
    first = (int(np.argmax(labels == label)) if count else None for label, count in enumerate(sums.counts))
    return ClassStatistics(
        count=sums.counts,
        share=_freeze(sums.counts / len(split)),
        first_index=tuple(first),
        mean=_freeze(np.array([spread.mean for spread in spreads])),
        std=_freeze(np.array([spread.std for spread in spreads])),
        nonzero=_freeze(sums.nonzero.sum(axis=(1, 2)) / np.maximum(1, pixels)),
    )


@compute_once
def column_statistics(split: Split) -> ColumnStatistics:
    """The statistics of each pixel over all images of a split."""
    sums, n = class_sums(split), len(split)
    flat = split.images.reshape(n, split.card.pixels)
    values, squares, nonzero = (total.sum(axis=0).ravel() for total in (sums.values, sums.squares, sums.nonzero))
    return ColumnStatistics(
        name=split.card.feature_names,
        min=_freeze(flat.min(axis=0)),
        max=_freeze(flat.max(axis=0)),
        mean=_freeze(values / n),
        std=_freeze(_compute_deviation(n, values, squares)),
        nonzero=_freeze(nonzero / n),
    )


def _widen_classes(split: Split) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Flattened images of each class of a split as float32, some rows at a time."""
    flat, labels = split.images.reshape(len(split), split.card.pixels), split.labels
    for label in range(len(split.card.classes)):
        mine = np.flatnonzero(labels == label)
        for start in range(0, len(mine), BLOCK):
            yield label, flat[mine[start : start + BLOCK]].astype(np.float32)


def _count_values(values: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each byte occurs in an array `(n,)`, int64 `(256,)`: counted in pairs, which halves the work."""
    even = len(values) - len(values) % 2
    counts = np.zeros(PAIRS, np.int64)
    for start in range(0, even, PAIRS * 16):
        pairs = values[start : min(even, start + PAIRS * 16)].view(np.uint16)
        counts += np.bincount(pairs, minlength=PAIRS)
    square = counts.reshape(256, 256)
    counted: NDArray[np.int64] = square.sum(axis=0) + square.sum(axis=1) + np.bincount(values[even:], minlength=256)
    return counted


def _compute_spread(n: int, values: int, squares: int) -> Spread:
    """Mean and deviation from the number of values, their sum and the sum of their squares.

    The variance is (n·Σv² - (Σv)²) / n², computed in integers of any size, so no digits cancel.
    """
    if n == 0:
        return Spread(0.0, 0.0)
    return Spread(values / n, (n * squares - values * values) ** 0.5 / n)


def _compute_deviation(n: int, values: NDArray[np.int64], squares: NDArray[np.int64]) -> NDArray[np.float64]:
    """Population standard deviations from the number, the sums and the sums of squares (exact in int64)."""
    deviation: NDArray[np.float64] = np.sqrt((n * squares - values * values).astype(np.float64)) / n
    return deviation


def _freeze(array: NDArray[T]) -> NDArray[T]:
    """The array itself, read-only."""
    array.flags.writeable = False
    return array
