"""A batch: samples as arrays, and how the rows of an answer become one."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digits_client.arrow import Rows, StreamType, TruncatedStream, read_stream
from digits_client.errors import UnexpectedAnswer
from digits_client.scale import SCALES, Intensities, Pixels, Scale

Layout = Literal["flat", "image", "chw", "hwc"]


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
    """Images of one split, as they are wanted: which revision, in which layout, on which scale.

    They arrive raw, and are scaled here.

    Raises:
        ValueError: there is no such layout or scale.
    """

    dataset: str
    split: str
    rev: str
    height: int
    width: int
    intensities: Intensities
    layout: Layout = "image"
    scale: Scale = "raw"

    def __post_init__(self) -> None:
        """Check what a caller chooses."""
        if self.scale not in SCALES:
            raise ValueError(f"scale must be one of {', '.join(SCALES)}, not {self.scale!r}.")
        _ = self.shape

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
    def parameters(self) -> dict[str, str]:
        """What a request for an Arrow stream states."""
        return {"layout": self.layout, "scale": "raw", "format": "arrow", "rev": self.rev}

    @property
    def stream_type(self) -> StreamType:
        """What such a stream holds."""
        facts = {name: getattr(self, name) for name in ("dataset", "split", "rev", "layout")}
        return StreamType(shape=self.shape, facts={**facts, "scale": "raw"})

    def build_batch(self, rows: Rows, valid: int, *, raw: bool = False) -> Batch:
        """Return rows as a batch with memory of its own; `raw` leaves images raw, whatever the scale."""
        x = self.intensities.scale(rows.image, "raw" if raw else self.scale)
        return Batch(x, rows.label.copy(), rows.index.copy(), valid)

    def read_batch(self, content: bytes) -> Batch:
        """Return the batch in an Arrow stream of one record batch.

        Raises:
            UnexpectedAnswer: it is no such stream.
        """
        try:
            (batch,) = (
                self.build_batch(rows, len(rows.index)) for rows in read_stream(io.BytesIO(content), self.stream_type)
            )
        except (TruncatedStream, ValueError) as error:
            raise UnexpectedAnswer(f"The answer is not one batch of {self.dataset}/{self.split}: {error}") from None
        return batch


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
