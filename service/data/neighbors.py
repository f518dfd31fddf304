"""Nearest neighbours of a sample or of a drawing, exact: Euclidean distance on raw pixels.

Sketches bound every distance from below. Only images that the bounds do not exclude are measured, by BLAS over blocks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.data.selection import Selection, to_positions
from service.data.sketches import BLOCK, compute_sketches
from service.data.split import Split

EXACT = 1 << 24
"""Integers up to here are exact in float32."""

FIRST = 4
"""Images for each neighbour that are measured first, those with the lowest bounds."""

MANY = 4
"""If more than a quarter of all images are left, all are measured: gathering them would take longer."""


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The nearest samples, nearest first: positions within the split and squared distances, both int64 `(k,)`."""

    index: NDArray[np.int64]
    squared: NDArray[np.int64]


def neighbors(split: Split, position: int, k: int) -> Neighbors:
    """The `k` samples of a split that are nearest to the one at `position`, which is left out.

    Ties go to the lower index; fewer than `k` come where the split has no more.

    Raises:
        Unknown: there is no such position in the split.
    """
    own = Selection.of(split).one(position).images.ravel()
    found = neighbors_of_drawing(split, own, k + 1)
    others = found.index != position
    return Neighbors(found.index[others][:k], found.squared[others][:k])


def neighbors_of_drawing(split: Split, drawing: NDArray[np.uint8], k: int) -> Neighbors:
    """The `k` samples of a split nearest to a drawing, uint8 `(pixels,)` of 0…peak; otherwise as `neighbors`.

    The `k`-th distance of a few likely images is at least that of all: no image whose bound is greater is a neighbour.
    """
    k = min(k, len(split))
    if k == 0:
        return Neighbors(np.empty(0, np.int64), np.empty(0, np.int64))
    everything = Selection.of(split)
    bounds = compute_sketches(split.dataset).bound_squares(split.span, drawing)
    few = min(FIRST * k, len(split))
    likely = _find_nearest(everything.take(np.argpartition(bounds, few - 1)[:few]), drawing, k)
    left = np.flatnonzero(bounds <= likely.squared[-1])
    return _find_nearest(everything.take(left) if MANY * len(left) <= len(split) else everything, drawing, k)


def _find_nearest(selection: Selection, own: NDArray[np.uint8], k: int) -> Neighbors:
    """The `k` nearest of these samples, at most all of them; ties go to the one that comes first."""
    squared = _measure_squares(selection, own)
    near = np.flatnonzero(squared <= np.partition(squared, k - 1)[k - 1])
    nearest = near[np.argsort(squared[near], kind="stable")][:k]
    return Neighbors(to_positions(selection.indices)[nearest], squared[nearest])


def _measure_squares(selection: Selection, own: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The squared distance of every sample to an image, int64 `(n,)`.

    It is |a|² + |b|² - 2·a·b, every term an exact integer: float32 BLAS has so few columns that no sum exceeds 2^24.
    """
    columns = EXACT // selection.split.card.peak**2
    in_dataset = to_positions(selection.indices) + selection.split.span.start
    lengths = compute_sketches(selection.split.dataset).lengths[in_dataset]
    squared = lengths + int((own.astype(np.int64) ** 2).sum())
    wide_own = own.astype(np.float32)
    buffer = np.empty((BLOCK, len(own)), np.float32)
    for start in range(0, len(selection), BLOCK):
        images = selection.page(start, BLOCK).images
        block = buffer[: len(images)]
        np.copyto(block, images.reshape(block.shape))
        for first in range(0, len(own), columns):
            part = slice(first, first + columns)
            squared[start : start + BLOCK] -= 2 * (block[:, part] @ wide_own[part]).astype(np.int64)
    return squared
