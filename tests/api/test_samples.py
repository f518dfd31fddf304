"""One sample over HTTP: as numbers, as a picture, and with its neighbours."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from service.api.nearest import neighbors_cost
from service.app import create_app
from service.data.dataset import Dataset
from service.data.neighbors import neighbors
from service.formats.render import ColourMap, RenderOptions, draw, to_grey
from service.http.encoder_pool import INLINE
from service.settings import Settings
from tests import made, sites

SAMPLES = "/v1/datasets/made/test/samples"


def pixels(answer: sites.Answer) -> NDArray[np.uint8]:
    """The picture in an answer, decoded."""
    assert answer.status == 200, answer.body
    with Image.open(io.BytesIO(answer.body)) as image:
        return np.asarray(image)


def test_a_sample_is_its_numbers_and_the_ways_on(site: sites.Site, tiny: Dataset) -> None:
    sample = site.get(f"{SAMPLES}/2").json
    links = sample.pop("links")
    label = int(tiny.labels[made.TRAIN + 2])
    assert sample == {
        "dataset": "made",
        "split": "test",
        "index": 2,
        "label": label,
        "name": made.CLASSES[label],
        "rev": tiny.rev,
        "image": tiny.images[made.TRAIN + 2].tolist(),
    }
    assert {"self", "png", "webp", "neighbors", "row", "split"} <= set(links)
    assert all(site.get(link).status == 200 for link in links.values())
    assert site.get(links["row"]).json["rows"][0]["index"] == 2


def test_leading_zeros_are_the_same_sample_under_the_same_etag(site: sites.Site) -> None:
    one, other = (site.get(f"{SAMPLES}/{index}") for index in ("2", "002"))
    assert one["ETag"] == other["ETag"]
    assert one.body == other.body


@pytest.mark.parametrize("suffix", ["png", "webp"])
@given(
    index=st.integers(0, made.TEST - 1),
    scale=st.integers(1, 8),
    cmap=st.sampled_from(["gray", "viridis", "magma", "inferno", "plasma", "cividis"]),
    invert=st.booleans(),
    captioned=st.booleans(),
)
def test_a_picture_is_the_data_in_the_look_asked_for(
    site: sites.Site, tiny: Dataset, suffix: str, index: int, scale: int, cmap: ColourMap, invert: bool, captioned: bool
) -> None:
    query = f"scale={scale}&cmap={cmap}&invert={str(invert).lower()}&caption={str(captioned).lower()}"
    answer = site.get(f"{SAMPLES}/{index}.{suffix}?{query}")
    sample = made.TRAIN + index
    expected = draw(
        to_grey(tiny.images[sample], made.PEAK),
        RenderOptions(scale=scale, cmap=cmap, invert=invert, captioned=captioned),
        f"Label: {tiny.labels[sample]}",
    )
    if suffix == "webp" and expected.ndim == 2:
        expected = np.repeat(expected[..., None], 3, axis=2)
    assert answer["Content-Type"] == f"image/{suffix}"
    assert np.array_equal(pixels(answer), expected)


@pytest.mark.parametrize("index", [0, 31_415])
def test_the_png_of_a_real_digit_is_28_by_28_grey_and_exactly_the_data(
    live: sites.Site, mnist: Dataset, index: int
) -> None:
    answer = live.get(f"/v1/datasets/mnist/train/samples/{index}.png")
    with Image.open(io.BytesIO(answer.body)) as image:
        assert (image.mode, image.size, image.info) == ("L", (28, 28), {})
    assert pixels(answer).tobytes() == mnist.images[index].tobytes()


def test_a_small_digit_is_spread_from_16_to_255_and_the_card_says_so(live: sites.Site, digits: Dataset) -> None:
    picture = pixels(live.get("/v1/datasets/digits/all/samples/7.png"))
    assert picture.tolist() == [[round(v * 255 / 16) for v in row] for row in digits.images[7].tolist()]
    assert "255 / 16" in live.get("/v1/datasets/digits").json["picture"]


def test_a_picture_has_no_more_pixels_than_the_setting() -> None:
    size = 4 * made.HEIGHT * made.WIDTH
    with sites.serving(create_app(Settings(picture_pixels=size), [made.source()])) as site:
        assert site.get(f"{SAMPLES}/0.png?scale=2").status == 200
        for path in (f"{SAMPLES}/0.png", f"{SAMPLES}/0.webp", "/v1/datasets/made/test/labels/0/mean.png"):
            problem = site.get(f"{path}?scale=3")
            assert problem.status == 422
            assert f"15×9 pixels; at most {size} are drawn" in problem.json["detail"]


@given(index=st.integers(0, made.TEST - 1), k=st.integers(1, 100))
def test_neighbours_are_told_nearest_first_with_their_distances(
    site: sites.Site, tiny: Dataset, index: int, k: int
) -> None:
    answer = site.get(f"{SAMPLES}/{index}/neighbors?k={k}").json
    found = neighbors(tiny.split("test"), index, k)
    assert (answer["index"], answer["label"]) == (index, tiny.labels[made.TRAIN + index])
    assert [one["index"] for one in answer["neighbors"]] == found.index.tolist()
    assert [one["label"] for one in answer["neighbors"]] == tiny.labels[made.TRAIN + found.index].tolist()
    assert [one["distance"] ** 2 for one in answer["neighbors"]] == pytest.approx(found.squared.tolist())


def test_the_first_neighbours_of_a_dataset_cost_more_and_all_are_found_in_the_pool() -> None:
    split = made.source().load().split("test")
    first = neighbors_cost(split)
    neighbors(split, 0, 1)
    assert first > neighbors_cost(split) > INLINE


def test_ten_neighbours_come_unless_said_otherwise_and_their_links_lead_to_them(live: sites.Site) -> None:
    answer = live.get("/v1/datasets/mnist/test/samples/3/neighbors").json
    assert len(answer["neighbors"]) == 10
    nearest = answer["neighbors"][0]
    assert live.get(nearest["links"]["self"]).json["label"] == nearest["label"]
