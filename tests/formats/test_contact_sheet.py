"""Sheets: what is draw is what the data say, pixel by pixel."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from service.data.batch import Batch
from service.formats.contact_sheet import plan_sheet, sheet_png, sheet_webp
from service.formats.render import RenderOptions

HEIGHT, WIDTH = 5, 4


def batch_of(count: int) -> Batch:
    images = np.random.default_rng(count).integers(0, 256, (count, HEIGHT, WIDTH), np.uint8)
    numbers = np.arange(count, dtype=np.int64)
    return Batch.of(
        index=numbers, label=numbers % 10, image=images, height=HEIGHT, width=WIDTH, peak=255, facts={"dataset": "made"}
    )


def pixels(file: bytes | memoryview) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(file)))


@given(count=st.integers(0, 30), columns=st.integers(1, 12), gap=st.integers(0, 5), scale=st.integers(1, 3), labels=...)
def test_every_pixel_can_be_read_back_and_all_between_is_zero(
    *, count: int, columns: int, gap: int, scale: int, labels: bool
) -> None:
    batch, options = batch_of(count), RenderOptions(scale=scale)
    sheet = plan_sheet(count, HEIGHT, WIDTH, options, columns=columns, gap=gap, labels=labels)
    picture = pixels(sheet_png(sheet, options).encode(batch)).copy()
    assert picture.shape == sheet.size
    for position, image in enumerate(np.asarray(batch.image)):
        top, left = sheet.corner(position)
        place = picture[top : top + sheet.height, left : left + sheet.width]
        assert np.array_equal(place[::scale, ::scale], image)
        place[:] = 0
        picture[top + sheet.height : top + sheet.height + sheet.strip, left : left + sheet.width] = 0
    assert not picture.any()


def test_labels_stand_below_their_samples() -> None:
    sheet = plan_sheet(10, 28, 28, RenderOptions(), columns=10, gap=0, labels=True)
    blank = Batch.of(
        index=np.arange(10),
        label=np.arange(10),
        image=np.zeros((10, 28, 28), np.uint8),
        height=28,
        width=28,
        peak=255,
        facts={},
    )
    texts = pixels(sheet_png(sheet, RenderOptions()).encode(blank))[28:].reshape(sheet.strip, 10, 28).swapaxes(0, 1)
    assert len({text.tobytes() for text in texts}) == 10
    assert all(text.max() > 128 for text in texts)


@pytest.mark.parametrize("invert", [False, True])
def test_a_transparent_sheet_laid_on_paper_is_the_opaque_one(*, invert: bool) -> None:
    batch, sheet = batch_of(7), plan_sheet(7, HEIGHT, WIDTH, RenderOptions(), columns=3, gap=1, labels=False)
    opaque = pixels(sheet_png(sheet, RenderOptions(invert=invert)).encode(batch))
    ink = Image.open(io.BytesIO(sheet_png(sheet, RenderOptions(invert=invert, transparent=True)).encode(batch)))
    paper = Image.new("RGBA", ink.size, "white" if invert else "black")
    paper.alpha_composite(ink.convert("RGBA"))
    assert np.array_equal(np.asarray(paper)[..., 0], opaque)


@pytest.mark.parametrize(
    "options",
    [
        RenderOptions(),
        RenderOptions(cmap="viridis"),
        RenderOptions(transparent=True),
        RenderOptions(transparent=True, cmap="magma", invert=True),
        RenderOptions(scale=3, cmap="magma"),
    ],
)
def test_webp_has_the_pixels_of_png(options: RenderOptions) -> None:
    batch, sheet = batch_of(9), plan_sheet(9, HEIGHT, WIDTH, options, columns=4, gap=2, labels=True)
    png, webp = (
        np.asarray(Image.open(io.BytesIO(kind(sheet, options).encode(batch))).convert("RGBA"))
        for kind in (sheet_png, sheet_webp)
    )
    assert np.array_equal(png, webp)


def test_a_large_sheet_keeps_its_colours_from_band_to_band() -> None:
    options = RenderOptions(cmap="inferno")
    batch, sheet = batch_of(10_000), plan_sheet(10_000, HEIGHT, WIDTH, options, columns=100, gap=0, labels=False)
    colours = pixels(sheet_png(sheet, options).encode(batch))
    plain = pixels(sheet_png(sheet, RenderOptions()).encode(batch))
    assert colours.shape == (500, 400, 3)
    assert len(np.unique(np.concatenate([colours, plain[..., None]], axis=-1).reshape(-1, 4), axis=0)) == 256
