"""A Projection: where samples lie in two dimensions, computed in integers, so that every machine gives the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.data.selection import Selection

UNIT = 32_767
"""What stands for 1 in the directions of an axis: the largest int16."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Axes:
    """Two directions in the space of a dataset's images, by which it can be drawn on paper.

    `directions` is int64 `(2, pixels)` in units of 1 / 32,767; `centre` is what the mean image of the `split` that
    they were computed on gives along each, in the same units; `explained` is each one's share of the variance.
    """

    split: str
    explained: tuple[float, float]
    centre: tuple[int, int]
    directions: NDArray[np.int64]


def projected(selection: Selection, axes: Axes) -> NDArray[np.float64]:
    """Coordinates of samples, `(n, 2)`: of their unit-scaled pixels, less the centre, along each axis."""
    peak = selection.dataset.card.peak
    flat = selection.images.reshape(len(selection), selection.dataset.card.pixels)
    sums = np.stack([np.einsum("ij,j->i", flat, direction) for direction in axes.directions], axis=1)
    coordinates: NDArray[np.float64] = (sums - np.array(axes.centre)) / (UNIT * peak)
    return coordinates
