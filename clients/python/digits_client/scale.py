"""Scales: float32 for training, made here of the raw intensities that arrive, bit for bit as the service makes them.

Raw pixels are a quarter of the bytes, so a trainer is supplied faster and the service does less.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Scale = Literal["raw", "unit", "standard"]
"""`raw` is uint8 0…peak; `unit` float32 0…1; `standard` float32 of mean 0 and deviation 1 over the reference split."""

SCALES: tuple[Scale, ...] = ("raw", "unit", "standard")

Pixels = NDArray[np.uint8] | NDArray[np.float32]
"""Images, raw or scaled."""

BLOCK = 32_768
"""Pairs of pixels that are looked up at once: their indices stay in the fastest cache of a processor."""


@dataclass(frozen=True, kw_only=True)
class Intensities:
    """What raw pixels of a dataset mean: 0…`peak`, and mean and deviation of unit ones in the reference split."""

    peak: int
    mean: float
    std: float

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process makes them: without the tables, which it keeps from one copy to the next."""
        return share_intensities, (self.peak, self.mean, self.std)

    def scale(self, raw: NDArray[np.uint8], scale: Scale) -> Pixels:
        """Return raw pixels of any shape on a scale, as a new array of the same shape.

        `unit` is float32(v) / float32(peak), and `standard` is looked up in `standard_table`.
        """
        if scale == "raw":
            return raw.copy()
        if scale == "unit":
            return np.divide(raw, np.float32(self.peak), dtype=np.float32)
        if raw.size % 2:
            return self.standard_table[raw]
        return look_up_pairs(raw, self._standard_pairs)

    @cached_property
    def standard_table(self) -> NDArray[np.float32]:
        """The float32 that stands for each byte 0…255: (v / peak - mean) / std in float64, rounded once."""
        return ((np.arange(256) / self.peak - self.mean) / self.std).astype(np.float32)

    @cached_property
    def _standard_pairs(self) -> NDArray[np.uint64]:
        """The two float32 that stand for each two bytes, as one item: uint64 `(65536,)`, by the bytes as uint16."""
        pairs = np.arange(65_536, dtype=np.uint16).view(np.uint8)
        return self.standard_table[pairs].view(np.uint64)


@lru_cache(maxsize=8)
def share_intensities(peak: int, mean: float, std: float) -> Intensities:
    """Return the same object for the same intensities."""
    return Intensities(peak=peak, mean=mean, std=std)


def look_up_pairs(raw: NDArray[np.uint8], table: NDArray[np.uint64]) -> NDArray[np.float32]:
    """Return what a table of pairs has for an even number of bytes, two at a time: half the steps of one by one."""
    scaled = np.empty(raw.shape, np.float32)
    pairs, found = raw.reshape(-1).view(np.uint16), scaled.reshape(-1).view(np.uint64)
    indices = np.empty(min(BLOCK, len(pairs)), np.intp)
    for start in range(0, len(pairs), BLOCK):
        block = pairs[start : start + BLOCK]
        places = indices[: len(block)]
        places[:] = block
        table.take(places, out=found[start : start + BLOCK], mode="clip")  # without a mode numpy makes a copy first
    return scaled
