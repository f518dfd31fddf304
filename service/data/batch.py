"""A Batch: the values of some samples, ready to be encoded. Knows no HTTP and no dataset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8] | NDArray[np.float32]
"""Intensities: uint8 as they are kept, float32 once scaled."""

Layout = Literal["flat", "image", "chw", "hwc"]
"""How one sample's pixels are arranged: a row, a matrix, or a matrix with a channel axis before or behind."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Batch:
    """Samples in a definite order.

    `index` and `label` are int64 `(n,)`: the position within the split, and the class. `image` is `(n, …)` in the
    chosen layout, of images `height` × `width` whose raw intensities are 0…`peak`. `facts` is what the batch tells
    of itself (dataset, split, scale, …), for formats that have room for it. `valid` is set for training batches: the
    first so many rows are real, and the rest pads the batch to its full size.
    """

    index: NDArray[np.int64]
    label: NDArray[np.int64]
    image: Pixels
    height: int
    width: int
    peak: int
    facts: Mapping[str, str]
    valid: int | None = None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.index)

    def __getitem__(self, part: slice) -> "Batch":
        """Return the samples of a slice, as views."""
        return Batch(
            index=self.index[part],
            label=self.label[part],
            image=self.image[part],
            height=self.height,
            width=self.width,
            peak=self.peak,
            facts=self.facts,
        )

    @property
    def flat(self) -> Pixels:
        """Images as rows `(n, height·width)`, whatever the layout."""
        return self.image.reshape(len(self), self.height * self.width)

    @property
    def columns(self) -> list[str]:
        """Names of the flattened pixels, `pixel_{row}_{column}`."""
        return [f"pixel_{row}_{column}" for row in range(self.height) for column in range(self.width)]


def arranged(images: Pixels, layout: Layout) -> Pixels:
    """Images `(n, height, width)` in another layout, as a view where that is possible."""
    n, height, width = images.shape
    match layout:
        case "flat":
            return images.reshape(n, height * width)
        case "image":
            return images
        case "chw":
            return images.reshape(n, 1, height, width)
        case "hwc":
            return images.reshape(n, height, width, 1)
