import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.formats import png, webp
from service.formats.format import Format
from service.formats.render import RenderOptions

pictures = st.sampled_from([(), (3,)]).flatmap(
    lambda colours: arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), *map(st.just, colours)))
)


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


@given(pictures)
def test_a_png_holds_exactly_the_pixels_in_grey_or_colour(picture: NDArray[np.uint8]) -> None:
    image = opened(png.encode(picture))
    assert (image.format, image.mode) == ("PNG", "RGB" if picture.ndim == 3 else "L")
    assert np.array_equal(np.asarray(image), picture)


def test_a_png_has_no_chunk_that_changes_colours() -> None:
    image = opened(png.encode(np.zeros((2, 2), np.uint8)))
    assert image.info == {}


@pytest.mark.parametrize("make", [png.png, webp.webp])
@pytest.mark.parametrize("position", [0, 1, 59_999])
def test_the_picture_of_a_digit_is_the_data(
    mnist: Dataset, make: Callable[[RenderOptions], Format], position: int
) -> None:
    selection = Selection.of(mnist.split("train")).one(position)
    image = opened(bytes(make(RenderOptions()).encode(selection.batch(layout="image"))))
    assert np.array_equal(np.asarray(image.convert("L")), mnist.images[position])


def test_16_levels_of_ink_become_256_of_grey(digits: Dataset) -> None:
    image = opened(bytes(png.png(RenderOptions()).encode(Selection.of(digits.split("all")).one(0).batch())))
    assert np.array_equal(np.asarray(image), np.rint(digits.images[0] * 255.0 / 16))


def test_the_caption_names_the_label() -> None:
    assert png.caption(5) == "Label: 5"


@pytest.mark.parametrize("shape", [(0, 28, 28), (1, 8, 8), (300, 28, 28), (3, 64, 64), (2, 65, 64), (2, 1, 1)])
def test_many_pictures_are_those_that_are_written_one_by_one(shape: tuple[int, int, int]) -> None:
    images = np.random.default_rng(5).integers(0, 256, shape, np.uint8)
    images[:, ::3] = 0
    assert png.encode_greys(images) == [png.encode(image) for image in images]
