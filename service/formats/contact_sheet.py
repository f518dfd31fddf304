"""A ContactSheet: many samples in one picture, row by row, and where each of them stands. Knows batches, no HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.cancellation import checkpoint
from service.data.batch import Batch
from service.formats import png, webp
from service.formats.format import Cost, Format, Size
from service.formats.render import (
    BAND_PIXELS,
    WHITE,
    Picture,
    RenderOptions,
    enlarge,
    load_font,
    paint,
    pixel_cost,
    to_grey,
)

SMALL_PNG = 60.0
"""Measured nanoseconds a pixel of a sheet that is compressed thoroughly, because it is small."""


@dataclass(frozen=True, kw_only=True)
class ContactSheet:
    """The plan of `count` samples of `height` × `width` pixels, already at their scale.

    They stand in `columns`, `gap` pixels apart, each with `strip` rows below it for its label. A sheet of no
    samples is one row of empty cells.
    """

    count: int
    height: int
    width: int
    columns: int
    gap: int
    strip: int

    @property
    def rows(self) -> int:
        """Number of rows of cells."""
        return max(1, ceil(self.count / self.columns))

    @property
    def pitch(self) -> tuple[int, int]:
        """Pixels from one cell to the next, down and across."""
        return self.height + self.strip + self.gap, self.width + self.gap

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the whole picture."""
        down, across = self.pitch
        return self.rows * down - self.gap, self.columns * across - self.gap

    def corner(self, position: int) -> tuple[int, int]:
        """Top and left of the sample at a position."""
        row, column = divmod(position, self.columns)
        down, across = self.pitch
        return row * down, column * across


def plan_sheet(
    count: int, height: int, width: int, options: RenderOptions, *, columns: int, gap: int, labels: bool
) -> ContactSheet:
    """The sheet of `count` samples of `height` × `width` raw pixels, drawn with the options."""
    height, width = height * options.scale, width * options.scale
    return ContactSheet(
        count=count, height=height, width=width, columns=columns, gap=gap, strip=_measure_strip(height) if labels else 0
    )


def draw_sheet(sheet: ContactSheet, batch: Batch, options: RenderOptions) -> Picture:
    """The grey of a sheet `(height, width)`: gaps, empty cells and what surrounds a label are 0.

    Raises:
        Cancelled: nobody waits for the picture.
    """
    down, across = sheet.pitch
    cells = np.zeros((sheet.rows, down, sheet.columns, across), np.uint8)
    texts = _draw_labels(sheet, int(batch.label.max(initial=-1)) + 1) if sheet.strip else None
    below = slice(sheet.height, sheet.height + sheet.strip)
    for row, columns, part in _split_rows(sheet, batch):
        checkpoint()
        images = enlarge(to_grey(part.flat.reshape(-1, batch.height, batch.width), batch.peak), options.scale)
        cells[row, : sheet.height, columns, : sheet.width] = images.swapaxes(0, 1)
        if texts is not None:
            cells[row, below, columns, : sheet.width] = texts[part.label].swapaxes(0, 1)
    height, width = sheet.size
    return cells.reshape(sheet.rows * down, sheet.columns * across)[:height, :width]


def _split_rows(sheet: ContactSheet, batch: Batch) -> Iterator[tuple[int, slice, Batch]]:
    """Neighbouring cells in a row of a sheet, at most a band's pixels at a time: the row, the columns, the samples."""
    together = max(1, BAND_PIXELS // (sheet.height * sheet.width))
    for start in range(0, len(batch), sheet.columns):
        samples = batch[start : start + sheet.columns]
        for column in range(0, len(samples), together):
            part = samples[column : column + together]
            yield start // sheet.columns, slice(column, column + len(part)), part


def _measure_strip(height: int) -> int:
    """Rows for a label below a sample of this height."""
    return ceil(load_font(height).getbbox("0123456789")[3]) + 2


def _draw_labels(sheet: ContactSheet, count: int) -> NDArray[np.uint8]:
    """The numbers 0 to `count` - 1 in white, each centred in the room below a sample: `(count, strip, width)`."""
    texts = []
    for label in range(count):
        canvas = Image.new("L", (sheet.width, sheet.strip))
        left = (sheet.width - load_font(sheet.height).getlength(str(label))) // 2
        ImageDraw.Draw(canvas).text((left, 0), str(label), fill=WHITE, font=load_font(sheet.height))
        texts.append(np.asarray(canvas))
    return np.array(texts, np.uint8).reshape(count, sheet.strip, sheet.width)


def _estimate(sheet: ContactSheet, pixel: float, *, least: float = 0.0) -> Cost:
    """The cost of a sheet of so many nanoseconds a pixel, but of `least` if the sheet is small."""
    height, width = sheet.size
    size = height * width
    return Cost(call=300 + size * (pixel if size > png.LARGE else max(pixel, least)) / 1e3)


def _measure(sheet: ContactSheet, pixel: float) -> Size:
    """The size of a sheet of so many bytes a pixel, while it is drawn and compressed."""
    height, width = sheet.size
    return Size(call=100_000 + height * width * pixel, row=0, raw=0)


def sheet_png(sheet: ContactSheet, options: RenderOptions) -> Format:
    """The format that draws a sheet as PNG."""
    return Format(
        name="png",
        media_type="image/png",
        suffix="png",
        encode=lambda batch: png.encode(draw_sheet(sheet, batch, options), lambda band: paint(band, options)),
        costs=_estimate(sheet, pixel_cost(options, plain=4.5, colour=12, alpha=3), least=SMALL_PNG),
        sizes=_measure(sheet, png.BYTES),
    )


def sheet_webp(sheet: ContactSheet, options: RenderOptions) -> Format:
    """The format that draws a sheet as WebP."""
    return Format(
        name="webp",
        media_type="image/webp",
        suffix="webp",
        encode=lambda batch: webp.encode(draw_sheet(sheet, batch, options), lambda band: paint(band, options)),
        costs=_estimate(sheet, pixel_cost(options, plain=22 + 20 / options.scale, colour=10, alpha=3)),
        sizes=_measure(sheet, webp.BYTES),
    )
