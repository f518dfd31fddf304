"""A Batch: the values of some samples, ready to be encoded. Knows no HTTP and no dataset."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.cancellation import checkpoint
from service.data.encoded_rows import NOTHING, EncodedRows

Pixels = NDArray[np.uint8] | NDArray[np.float32]
"""Intensities: uint8 as they are stored, float32 once scaled."""

PixelType = np.dtype[np.uint8] | np.dtype[np.float32]
"""The dtype of pixels."""

Layout = Literal["flat", "image", "chw", "hwc"]
"""How one sample's pixels are arranged: a row, a matrix, or a matrix with a channel axis before or behind."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Batch:
    """Samples in a definite order, whose pixels are gathered when they are read.

    `index` and `label` are int64 `(n,)`: the position within the split, and the class. `gather` gives the pixels of
    a slice of the rows, `(rows, …)` of `dtype` in the chosen layout and on the chosen scale, of images `height` ×
    `width` whose raw intensities are 0…`peak`. It must give the same pixels each time, so that a batch can be read more
    than once.
    `facts` describe the batch (dataset, split, scale, …), for formats that have room for them. `valid` is set for
    training batches: the first so many rows are real, and the others fill the batch to its full size. `envelope`
    gives what surrounds the rows where a format has room for it, in the order of its members; the rows take the place
    of its member `rows`. `encoded` has rows that are finished already, by the name of their
    encoding, if the batch has raw flat ones.
    """

    index: NDArray[np.int64]
    label: NDArray[np.int64]
    gather: Callable[[slice], Pixels]
    dtype: PixelType
    height: int
    width: int
    peak: int
    facts: Mapping[str, str]
    valid: int | None = None
    envelope: Callable[[], Mapping[str, object]] | None = None
    encoded: Mapping[str, EncodedRows] = field(default_factory=lambda: NOTHING)

    @classmethod
    def of(
        cls,
        *,
        index: NDArray[np.int64],
        label: NDArray[np.int64],
        image: Pixels,
        height: int,
        width: int,
        peak: int,
        facts: Mapping[str, str],
        valid: int | None = None,
    ) -> "Batch":
        """A batch of pixels that are in memory already."""
        return cls(
            index=index,
            label=label,
            gather=image.__getitem__,
            dtype=image.dtype,
            height=height,
            width=width,
            peak=peak,
            facts=facts,
            valid=valid,
        )

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.index)

    def __getitem__(self, part: slice) -> "Batch":
        """Return the samples of a slice, whose pixels are not gathered yet."""
        rows, gather = range(len(self))[part], self.gather
        return Batch(
            index=self.index[part],
            label=self.label[part],
            gather=lambda inner: gather(_to_slice(rows[inner])),
            dtype=self.dtype,
            height=self.height,
            width=self.width,
            peak=self.peak,
            facts=self.facts,
            encoded=self.encoded,
        )

    def blocks(self, values: int) -> Iterator["Batch"]:
        """Consecutive parts of at most so many pixel values each, but of at least one row.

        Raises:
            Cancelled: nobody waits for what is made of them.
        """
        rows = max(1, values // (self.height * self.width))
        if 0 < len(self) <= rows:
            return iter((self,))
        return self._split(rows)

    def _split(self, rows: int) -> Iterator["Batch"]:
        for start in range(0, len(self), rows):
            checkpoint()
            yield self[start : start + rows]

    @property
    def image(self) -> Pixels:
        """The pixels of all rows, `(n, …)`; gathered at each reading, because nothing is kept."""
        return self.gather(slice(None))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape `(n, …)` of the pixels; gathers none."""
        return (len(self), *self._row_shape)

    @cached_property
    def _row_shape(self) -> tuple[int, ...]:
        return self.gather(slice(0, 0)).shape[1:]

    @property
    def flat(self) -> Pixels:
        """The pixels as rows `(n, height·width)`, whatever the layout; gathered at each reading."""
        return self.image.reshape(len(self), self.height * self.width)

    @property
    def columns(self) -> list[str]:
        """Names of the flattened pixels, `pixel_{row}_{column}`."""
        return name_pixels(self.height, self.width)


def name_pixels(height: int, width: int) -> list[str]:
    """Names of the flattened pixels of an image, `pixel_{row}_{column}`, row by row."""
    return [f"pixel_{row}_{column}" for row in range(height) for column in range(width)]


def _to_slice(rows: range) -> slice:
    """The slice that selects a range of rows, which is within bounds."""
    if not rows:
        return slice(0, 0)
    return slice(rows.start, rows.stop if rows.stop >= 0 else None, rows.step)


def to_layout(images: Pixels, layout: Layout) -> Pixels:
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
