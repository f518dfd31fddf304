"""A Look: how a picture is drawn. And the drawing: from intensities to pixels, exact at every scale."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

import cmap
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

ColourMap = Literal["gray", "viridis", "magma", "inferno", "plasma", "cividis"]
"""Colour maps that grow steadily lighter, so that more ink is always brighter."""

WHITE = 255
"""The brightest grey of a picture."""

SMALLEST_TEXT = 10
"""Height in pixels under which a caption cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """Pixels of the picture per pixel of the sample, colour map, dark ink on light paper, the label below."""

    scale: int = 1
    cmap: ColourMap = "gray"
    invert: bool = False
    captioned: bool = False


Picture = NDArray[np.uint8]
"""`(height, width)` grey, or `(height, width, 3)` RGB, values 0…255."""


def grey(values: NDArray[np.generic], peak: int) -> NDArray[np.uint8]:
    """Intensities 0…`peak`, of any shape, as grey 0…255: `round(v · 255 / peak)`, never stretched."""
    if peak == WHITE and values.dtype == np.uint8:
        return values.view(np.uint8)
    return np.rint(np.asarray(values, np.float64) * WHITE / peak).astype(np.uint8)


def drawn(image: NDArray[np.uint8], look: Look, caption: str = "") -> Picture:
    """A grey image `(height, width)` as a look wants it; `caption` is written below, on a canvas as wide as it needs.

    Scaling repeats pixels, so every one can be read back; inversion comes before the colour map.
    """
    if look.scale > 1:
        image = image.repeat(look.scale, axis=0).repeat(look.scale, axis=1)
    if look.captioned:
        image = _captioned(image, caption)
    if look.invert:
        image = WHITE - image
    return image if look.cmap == "gray" else _colours(look.cmap)[image]


def size(height: int, width: int, look: Look, caption: str = "") -> tuple[int, int]:
    """Height and width of the picture that `drawn` makes of an image, without drawing it."""
    height, width = height * look.scale, width * look.scale
    if not look.captioned:
        return height, width
    left, _, right, bottom = _font(height).getbbox(caption)
    return height + _margin(height) + round(bottom), max(width, round(right - left))


def _captioned(image: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    """The image on a canvas of paper, centred, with white text below it."""
    height, width = image.shape
    whole, broad = size(height, width, Look(captioned=True), caption)
    canvas = np.zeros((whole, broad), np.uint8)
    left = (broad - width) // 2
    canvas[:height, left : left + width] = image
    font = _font(height)
    start, _, end, _ = font.getbbox(caption)
    text = Image.new("L", (broad, whole - height))
    ImageDraw.Draw(text).text(((broad - (end - start)) // 2 - start, 0), caption, fill=WHITE, font=font)
    canvas[height:] = np.asarray(text)
    return canvas


def _margin(height: int) -> int:
    """Empty rows below a caption, for a picture of this height."""
    return max(2, height // 32)


@lru_cache(maxsize=64)
def _font(height: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, in a size that suits a picture of this height."""
    font = ImageFont.load_default(max(SMALLEST_TEXT, height // 8))
    return cast("ImageFont.FreeTypeFont", font)  # Pillow's wheels have FreeType


@lru_cache(maxsize=16)
def _colours(name: ColourMap) -> NDArray[np.uint8]:
    """A colour map as RGB `(256, 3)`."""
    table: NDArray[np.uint8] = np.rint(cmap.Colormap(name).lut(256)[:, :3] * WHITE).astype(np.uint8)
    return table
