"""A batch: samples as arrays, and how a single answer becomes one."""

import io
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digits_client.arrow import Pixels, Rows, StreamType, TruncatedStream, read_stream
from digits_client.errors import UnexpectedAnswer

Layout = Literal["flat", "image", "chw", "hwc"]
Scale = Literal["raw", "unit", "standard"]


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples in a definite order: `x` images, `y` labels (int64), `index` positions in the split (int64).

    In a padded batch the first `valid` rows are real. The arrays are writable and belong to the caller.
    """

    x: Pixels
    y: NDArray[np.int64]
    index: NDArray[np.int64]
    valid: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How the images of one split arrive: which revision, in which layout, on which scale."""

    dataset: str
    split: str
    rev: str
    height: int
    width: int
    layout: Layout = "image"
    scale: Scale = "raw"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image in the layout."""
        shapes = {
            "flat": (self.height * self.width,),
            "image": (self.height, self.width),
            "chw": (1, self.height, self.width),
            "hwc": (self.height, self.width, 1),
        }
        if self.layout not in shapes:
            raise ValueError(f"layout must be one of {', '.join(shapes)}, not {self.layout!r}.")
        return shapes[self.layout]

    @property
    def dtype(self) -> np.dtype[np.uint8 | np.float32]:
        """The dtype of images on the scale."""
        return np.dtype(np.uint8) if self.scale == "raw" else np.dtype("<f4")

    @property
    def image_bytes(self) -> int:
        """Bytes of one image."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def stream_type(self) -> StreamType:
        """What an Arrow stream in this encoding holds."""
        names = ("dataset", "split", "rev", "layout", "scale")
        return StreamType(dtype=self.dtype, shape=self.shape, facts={name: getattr(self, name) for name in names})

    def read_batch(self, content: bytes) -> Batch:
        """Return the batch in an Arrow stream of one record batch.

        Raises:
            UnexpectedAnswer: it is no such stream.
        """
        try:
            (rows,) = read_stream(io.BytesIO(content), self.stream_type)
        except (TruncatedStream, ValueError) as error:
            raise UnexpectedAnswer(f"The answer is not one batch of {self.dataset}/{self.split}: {error}") from None
        return Batch(rows.image, rows.label, rows.index, len(rows.index))


def check_indices(rows: Rows | Batch, expected: NDArray[np.int64], source: str) -> None:
    """Compare the samples of an answer with those requested.

    Raises:
        UnexpectedAnswer: they are not the same, or not in the same order.
    """
    if not np.array_equal(rows.index, expected):
        raise UnexpectedAnswer(
            f"{source} answered with {len(rows.index)} samples, {rows.index[:5].tolist()}…, "
            f"instead of {len(expected)}, {expected[:5].tolist()}…: "
            "a cache or proxy on the way may ignore a part of the URL."
        )
