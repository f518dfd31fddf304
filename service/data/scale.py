"""Scales: what number stands for an intensity. Tables of `peak + 1` values, so scaling is one look-up a pixel."""

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.data.batch import Pixels
from service.data.dataset import Dataset
from service.data.statistics import intensities

Scale = Literal["raw", "unit", "standard"]
"""`raw` is uint8 0…peak; `unit` float32 0…1; `standard` float32 of mean 0 and deviation 1 over the reference split."""


def scaled(images: NDArray[np.uint8], dataset: Dataset, scale: Scale) -> Pixels:
    """The intensities of `images`, any shape, on another scale: a new float32 array, or `images` itself if raw."""
    return images if scale == "raw" else scale_table(dataset, scale).take(images)


@lru_cache(maxsize=64)
def scale_table(dataset: Dataset, scale: Literal["unit", "standard"]) -> NDArray[np.float32]:
    """The float32 that stands for each intensity 0…peak.

    `unit` is float32(v) / float32(peak). `standard` is (v / peak - mean) / deviation, computed in float64 and
    rounded once, with the unit-scaled mean and population deviation of the card's reference split.
    """
    values = np.arange(dataset.card.peak + 1)
    if scale == "unit":
        return values.astype(np.float32) / np.float32(dataset.card.peak)
    unit = intensities(dataset, dataset.card.reference).unit
    return ((values / dataset.card.peak - unit.mean) / unit.std).astype(np.float32)
