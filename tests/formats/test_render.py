import numpy as np
import pytest
from cmap import Colormap
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from service.errors import Refused
from service.formats.render import (
    ColourMap,
    RenderOptions,
    _load_colours,
    draw,
    from_grey,
    measure,
    split_bands,
    to_grey,
)

images = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)))


@given(images)
def test_a_plain_picture_is_the_image(image: NDArray[np.uint8]) -> None:
    assert np.array_equal(draw(image, RenderOptions()), image)


@given(images, st.integers(1, 32))
def test_every_pixel_can_be_read_back_at_every_scale(image: NDArray[np.uint8], scale: int) -> None:
    picture = draw(image, RenderOptions(scale=scale))
    assert picture.shape == (image.shape[0] * scale, image.shape[1] * scale)
    for row in range(0, scale, max(1, scale - 1)):
        assert np.array_equal(picture[row::scale, row::scale], image)


@given(images)
def test_inverting_turns_dark_into_light(image: NDArray[np.uint8]) -> None:
    assert np.array_equal(draw(image, RenderOptions(invert=True)), 255 - image)


@pytest.mark.parametrize("name", ["viridis", "magma", "inferno", "plasma", "cividis"])
@pytest.mark.parametrize("invert", [False, True])
def test_a_colour_map_is_the_published_one_and_invert_comes_before_it(name: ColourMap, invert: bool) -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = draw(every, RenderOptions(cmap=name, invert=invert))
    values = 255 - every if invert else every
    expected = np.rint(Colormap(name)(values / 255.0)[..., :3] * 255)
    assert picture.shape == (16, 16, 3)
    assert np.abs(picture - expected).max() <= 1


def test_more_ink_is_brighter_in_every_colour_map() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(1, 256)
    for name in ("viridis", "magma", "inferno", "plasma", "cividis"):
        red, green, blue = np.moveaxis(draw(every, RenderOptions(cmap=name)).astype(float), -1, 0)
        luminance = (0.2126 * red + 0.7152 * green + 0.0722 * blue)[0]
        assert luminance[-1] > luminance[128] > luminance[0]


@given(st.integers(1, 300), st.data())
def test_grey_rounds_and_never_stretches(peak: int, draw: st.DataObject) -> None:
    values = np.array(draw.draw(st.lists(st.integers(0, min(peak, 255)), min_size=1)), np.uint8)
    assert to_grey(values, peak).tolist() == [round(v * 255 / peak) for v in values.tolist()]


def test_the_greys_of_0_to_16_are_those_of_the_contract() -> None:
    assert to_grey(np.arange(17, dtype=np.uint8), 16).tolist() == [round(v * 255 / 16) for v in range(17)]


def test_grey_of_raw_bytes_is_the_bytes_themselves() -> None:
    image = np.arange(256, dtype=np.uint8)
    assert to_grey(image, 255) is not None
    assert np.shares_memory(to_grey(image, 255), image)


@given(images, st.integers(1, 12), st.booleans(), st.text("Label: 0123456789", min_size=1, max_size=12))
def test_a_caption_stands_below_and_leaves_the_digit_as_it_is(
    image: NDArray[np.uint8],
    scale: int,
    invert: bool,
    caption: str,
) -> None:
    height, width = image.shape[0] * scale, image.shape[1] * scale
    picture = draw(image, RenderOptions(scale=scale, captioned=True, invert=invert), caption)
    assert picture.shape == measure(image.shape[0], image.shape[1], RenderOptions(scale=scale, captioned=True), caption)
    assert picture.shape[0] > height
    assert picture.shape[1] >= width
    left = (picture.shape[1] - width) // 2
    plain = 255 - picture if invert else picture
    assert np.array_equal(plain[:height, left : left + width], draw(image, RenderOptions(scale=scale)))
    paper = plain[:height].copy()
    paper[:, left : left + width] = 0
    assert not paper.any()
    if caption.strip():
        assert plain[height:].max() > 100


def test_a_caption_is_not_cut_off_by_a_narrow_picture() -> None:
    narrow = draw(np.zeros((28, 28), np.uint8), RenderOptions(captioned=True), "Label: 5")
    wide = draw(np.zeros((28, 200), np.uint8), RenderOptions(captioned=True), "Label: 5")
    assert narrow.shape[1] > 28
    text = wide[28:]
    columns = np.flatnonzero(text.any(axis=0))
    assert columns[-1] - columns[0] + 1 <= narrow.shape[1]
    assert narrow[28:].sum() == pytest.approx(text.sum(), rel=0.02)
    assert not wide[:, [0, -1]].any()


@pytest.mark.parametrize("name", ["viridis", "magma", "inferno", "plasma", "cividis"])
def test_a_stored_colour_map_cannot_be_written(name: ColourMap) -> None:
    with pytest.raises(ValueError, match="read-only"):
        _load_colours(name)[0] = 0


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 200), st.integers(1, 5))))
def test_bands_are_the_rows_of_the_picture(image: NDArray[np.uint8]) -> None:
    bands = list(split_bands(image))
    assert np.array_equal(np.concatenate(bands), image)
    assert max(map(len, bands)) <= 64


@given(st.integers(1, 255), st.data())
def test_grey_can_be_turned_back_into_intensities_of_every_peak(peak: int, draw: st.DataObject) -> None:
    image = draw.draw(arrays.arrays(np.uint8, (3, 4), elements=st.integers(0, peak)))
    found = from_grey(to_grey(image, peak), peak)
    assert found.dtype == np.uint8
    assert found.tolist() == image.tolist()


def test_a_grey_of_no_intensity_is_refused_with_its_place() -> None:
    grey = np.array([[0, 16, 32], [48, 50, 255]], np.uint8)
    with pytest.raises(Refused, match=r"grey 50 in row 1, column 1; .* 0 to 16 are round\(v · 255 / 16\)") as refused:
        from_grey(grey, 16)
    assert (refused.value.name, refused.value.place) == ("body", "body")
