"""Scales: what stands for the pixels: integers as they are stored, or float32 for training."""

from typing import Literal

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.data.arrow_array import to_arrow
from service.data.batch import Pixels, PixelType
from service.data.cache import compute_once
from service.data.dataset import Dataset
from service.data.statistics import intensities

Scale = Literal["raw", "unit", "standard"]
"""`raw` is uint8 0…peak; `unit` float32 0…1; `standard` float32 of mean 0 and deviation 1 over the reference split."""


RAW, SCALED = np.dtype(np.uint8), np.dtype(np.float32)


def find_dtype(scale: Scale) -> PixelType:
    """The dtype of pixels on a scale."""
    return RAW if scale == "raw" else SCALED


def scale_pixels(images: NDArray[np.uint8], dataset: Dataset, scale: Scale) -> Pixels:
    """The intensities of `images`, of any shape, on a scale: a new float32 array, or `images` itself if raw.

    `unit` is float32(v) / float32(peak). `standard` is looked up in `standard_table`.
    """
    if scale == "raw":
        return images
    if not images.size:  # a quick answer to whoever asks for the shape
        return np.empty(images.shape, np.float32)
    if scale == "unit":
        return np.divide(images, np.float32(dataset.card.peak), dtype=np.float32)
    return _look_up(images, standard_table(dataset))


@compute_once
def standard_table(dataset: Dataset) -> NDArray[np.float32]:
    """The float32 that stands for each intensity 0…peak on the scale `standard`; read-only.

    It is (v / peak - mean) / deviation, computed in float64 and rounded once, with the unit-scaled mean and
    population deviation of the card's reference split.
    """
    values = np.arange(dataset.card.peak + 1)
    unit = intensities(dataset.split(dataset.card.reference)).unit
    table: NDArray[np.float32] = ((values / dataset.card.peak - unit.mean) / unit.std).astype(np.float32)
    table.flags.writeable = False
    return table


def _look_up(images: NDArray[np.uint8], table: NDArray[np.float32]) -> NDArray[np.float32]:
    """The entry of the table for each intensity.

    Arrow indexes by bytes as they are, in a third of the time that numpy takes, which makes an index array of 8 bytes
    a pixel first.
    """
    found = pc.take(to_arrow(table), to_arrow(images.reshape(-1)))
    return np.frombuffer(found.buffers()[1], np.float32).reshape(images.shape)  # to_numpy() would import pandas
