"""RenderOptions: how a picture is drawn. And the drawing: from intensities to pixels, exact at every scale."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

import cmap
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from service.cancellation import checkpoint
from service.errors import Refused

ColourMap = Literal["gray", "viridis", "magma", "inferno", "plasma", "cividis"]
"""Colour maps that grow steadily lighter, so that more ink is always brighter."""

WHITE = 255
"""The brightest grey of a picture."""

BAND, BAND_PIXELS = 64, 1_048_576
"""Rows and pixels of a band, at most."""

SMALLEST_TEXT = 10
"""Height in pixels under which a caption cannot be read."""


@dataclass(frozen=True, kw_only=True)
class RenderOptions:
    """How a picture is drawn.

    `scale` is the side of the square that each pixel becomes; `cmap` the colour map; `invert` draws dark ink on light
    paper; `transparent` leaves the paper out; `captioned` writes the label below.
    """

    scale: int = 1
    cmap: ColourMap = "gray"
    invert: bool = False
    transparent: bool = False
    captioned: bool = False


Picture = NDArray[np.uint8]
"""`(height, width)` grey, or `(height, width, channels)`: 2 grey and alpha, 3 RGB, 4 RGBA; values 0…255."""

Paint = Callable[[Picture], Picture]
"""A function that gives grey its colours."""


def to_grey(values: NDArray[np.generic], peak: int) -> NDArray[np.uint8]:
    """Intensities 0…`peak`, of any shape, as grey 0…255: `round(v · 255 / peak)`, never stretched."""
    if peak == WHITE and values.dtype == np.uint8:
        return values.view(np.uint8)
    return np.rint(np.asarray(values, np.float64) * WHITE / peak).astype(np.uint8)


def from_grey(grey: NDArray[np.uint8], peak: int) -> NDArray[np.uint8]:
    """The intensities 0…`peak` that `to_grey` draws as these greys; uint8, of the same shape `(height, width)`.

    Raises:
        Refused: a grey is that of no intensity.
    """
    intensities = np.full(WHITE + 1, -1, np.int16)
    intensities[to_grey(np.arange(peak + 1), peak)] = np.arange(peak + 1)
    found = intensities[grey]
    if (found < 0).any():
        row, column = np.argwhere(found < 0)[0].tolist()
        raise Refused(
            "body",
            f"has the grey {grey[row, column]} in row {row}, column {column}; the greys of intensities v from 0 to "
            f"{peak} are round(v · {WHITE} / {peak})",
            place="body",
        )
    return found.astype(np.uint8)


def draw(image: NDArray[np.uint8], options: RenderOptions, caption: str = "") -> Picture:
    """A grey image `(height, width)` drawn with these options, with `caption` below it on a canvas that is wide enough.

    Scaling repeats pixels, so every one can be read back.
    """
    image = enlarge(image, options.scale)
    return paint(_write_caption(image, caption) if options.captioned else image, options)


def enlarge(images: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Images `(…, height, width)` with every pixel repeated to a square of `scale` × `scale`."""
    return images if scale == 1 else images.repeat(scale, axis=-2).repeat(scale, axis=-1)


def paint(ink: NDArray[np.uint8], options: RenderOptions) -> Picture:
    """Grey of any size in the colours of the options; inversion comes before the colour map.

    Transparent, the ink's intensity is its alpha. Its colour is the map's; without a map it is white, or black if
    inverted, so that laid over black, or white, it is the opaque picture again.
    """
    if options.transparent and options.cmap == "gray":
        return np.stack([np.full_like(ink, 0 if options.invert else WHITE), ink], axis=-1)
    shade = WHITE - ink if options.invert else ink
    if options.cmap == "gray":
        return shade
    colour = _load_colours(options.cmap)[shade]
    return np.concatenate([colour, ink[..., None]], axis=-1) if options.transparent else colour


def split_bands(ink: Picture) -> Iterator[Picture]:
    """The rows of a picture, some at a time, so that painting them takes little memory, and no call is long.

    Raises:
        Cancelled: nobody waits for the picture.
    """
    rows = min(BAND, max(1, BAND_PIXELS // ink.shape[1]))
    for start in range(0, len(ink), rows):
        checkpoint()
        yield ink[start : start + rows]


def pixel_cost(options: RenderOptions, *, plain: float, colour: float, alpha: float) -> float:
    """Nanoseconds a pixel: of a plain grey picture, with what a colour map and transparency add if they are on."""
    return plain + colour * (options.cmap != "gray") + alpha * options.transparent


def measure(height: int, width: int, options: RenderOptions, caption: str = "") -> tuple[int, int]:
    """Height and width of the picture that `draw` makes of an image, without drawing it."""
    height, width = height * options.scale, width * options.scale
    if not options.captioned:
        return height, width
    left, _, right, bottom = load_font(height).getbbox(caption)
    return height + _measure_margin(height) + round(bottom), max(width, round(right - left))


def _write_caption(image: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    """The image on a canvas of paper, centred, with white text below it."""
    height, width = image.shape
    whole, broad = measure(height, width, RenderOptions(captioned=True), caption)
    canvas = np.zeros((whole, broad), np.uint8)
    left = (broad - width) // 2
    canvas[:height, left : left + width] = image
    font = load_font(height)
    start, _, end, _ = font.getbbox(caption)
    text = Image.new("L", (broad, whole - height))
    ImageDraw.Draw(text).text(((broad - (end - start)) // 2 - start, 0), caption, fill=WHITE, font=font)
    canvas[height:] = np.asarray(text)
    return canvas


def _measure_margin(height: int) -> int:
    """Empty rows below a caption, for a picture of this height."""
    return max(2, height // 32)


@lru_cache(maxsize=64)
def load_font(height: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, in a size that suits a picture of this height."""
    font = ImageFont.load_default(max(SMALLEST_TEXT, height // 8))
    return cast("ImageFont.FreeTypeFont", font)  # Pillow's wheels have FreeType


@lru_cache(maxsize=16)
def _load_colours(name: ColourMap) -> NDArray[np.uint8]:
    """A colour map as RGB `(256, 3)`, read-only."""
    table: NDArray[np.uint8] = np.rint(cmap.Colormap(name).lut(256)[:, :3] * WHITE).astype(np.uint8)
    table.flags.writeable = False
    return table
