"""Axes: the two directions along which a dataset's samples are drawn on a map, and the size of the other map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST = 65_535
"""The length of the longer side of a map by t-SNE, which has no axes: the largest uint16."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Axes:
    """Two directions in the space of a dataset's images.

    `directions` is int64 `(2, pixels)`, read-only, in units of 1 / 32,767; `centre` is the scalar product of each
    direction with the mean image of the `split` that they were computed on, in the same units; `explained` is each
    one's share of the variance.
    """

    split: str
    explained: tuple[float, float]
    centre: tuple[int, int]
    directions: NDArray[np.int64]
