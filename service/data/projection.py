"""Projections: where samples lie in two dimensions, in integers, so that every machine gives the same."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from service.data.axes import Axes
from service.data.cache import compute_once
from service.data.dataset import Dataset
from service.data.selection import Selection, to_positions
from service.data.split import Split

UNIT = 32_767
"""What stands for 1 in the directions of an axis: the largest int16."""

BLOCK = 512
"""Images widened at a time."""


def axes_of(dataset: Dataset) -> Axes:
    """The axes of a dataset's map: those that its source brings, else principal components of the reference split."""
    return dataset.axes or compute_axes(dataset.split(dataset.card.reference))


@compute_once
def compute_axes(split: Split) -> Axes:
    """The first two principal components of a split, rounded to int16; the second is 0 if there is one pixel.

    The largest component of each direction is positive, as scikit-learn has it. The covariance is computed from exact
    integers, so only the decomposition depends on the machine, and its error is far below what is rounded away.
    """
    n, pixels = len(split), split.card.pixels
    total, products = np.zeros(pixels, np.int64), np.zeros((pixels, pixels))
    for block in _widen_blocks(split.images):
        total += block.sum(axis=0).astype(np.int64)
        products += block.T @ block
    mean = total / n
    variances, vectors = np.linalg.eigh(products / n - np.outer(mean, mean))
    components = np.zeros((2, pixels))
    components[: min(2, pixels)] = vectors.T[::-1][:2]
    largest = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
    directions = np.rint(components * np.where(largest < 0, -1, 1) * UNIT).astype(np.int64)
    directions.flags.writeable = False
    shares = [*(variances[::-1][:2].clip(0) / max(variances.clip(0).sum(), np.finfo(np.float64).tiny)), 0.0]
    first, second = (round(int(direction @ total) / n) for direction in directions)
    return Axes(
        split=split.name,
        explained=(round(float(shares[0]), 6), round(float(shares[1]), 6)),
        centre=(first, second),
        directions=directions,
    )


def project(selection: Selection, axes: Axes) -> NDArray[np.float64]:
    """Coordinates of samples, float64 `(n, 2)`: their unit-scaled pixels, less the centre, along each axis.

    The products are sums of integers below 2^53, which float64 adds exactly.
    """
    along = axes.directions.T.astype(np.float64)
    sums = np.empty((len(selection), 2))
    for start in range(0, len(selection), BLOCK):
        (block,) = _widen_blocks(selection.page(start, BLOCK).images)
        sums[start : start + BLOCK] = block @ along
    coordinates: NDArray[np.float64] = (sums - np.array(axes.centre)) / (UNIT * selection.split.card.peak)
    return coordinates


def place(selection: Selection, tsne: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Coordinates of samples on a map of their dataset by t-SNE, uint16 `(n, 2)`."""
    span = selection.split.span
    return tsne[span.start : span.stop][to_positions(selection.indices)]


def _widen_blocks(images: NDArray[np.uint8]) -> Iterator[NDArray[np.float64]]:
    """Flattened images as float64, some rows at a time."""
    flat = images.reshape(len(images), -1)
    return (flat[start : start + BLOCK].astype(np.float64) for start in range(0, len(flat), BLOCK))
