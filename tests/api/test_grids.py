"""Contact sheets over HTTP: exact pixels, a map that is true, bounds that are told."""

import io
import time
from collections.abc import Callable
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.formats.contact_sheet import plan_sheet, sheet_png
from service.formats.render import RenderOptions, to_grey
from service.formats.webp import LARGEST
from tests import made, sites

GRID = "/v1/datasets/made/train/grid"


def pixels(answer: sites.Answer) -> NDArray[np.uint8]:
    """The picture in an answer, decoded."""
    assert answer.status == 200, answer.body
    with Image.open(io.BytesIO(answer.body)) as image:
        return np.asarray(image)


@given(
    choice=st.sampled_from(["", "label=1&", "label=0&label=2&seed=5&", "seed=18446744073709551615&"]),
    offset=st.integers(0, made.TRAIN + 2),
    limit=st.integers(1, made.TRAIN + 2),
    columns=st.none() | st.integers(1, 9),
    gap=st.integers(0, 4),
    scale=st.integers(1, 3),
    labels=st.booleans(),
)
def test_every_sample_is_where_the_map_says(
    site: sites.Site,
    *,
    choice: str,
    offset: int,
    limit: int,
    columns: int | None,
    gap: int,
    scale: int,
    labels: bool,
) -> None:
    layout = {"offset": offset, "limit": limit, "gap": gap, "scale": scale, "labels": str(labels).lower()}
    query = choice + urlencode(layout | ({} if columns is None else {"columns": columns}))
    sheet = site.get(f"{GRID}.json?{query}").json
    picture = pixels(site.get(f"{GRID}.png?{query}")).copy()
    rows = site.get(f"/v1/datasets/made/train/rows?{choice}offset={offset}&limit={limit}").json
    assert picture.shape == (sheet["height"], sheet["width"])
    assert sheet["total"] == rows["total"]
    assert [(tile["index"], tile["label"]) for tile in sheet["tiles"]] == [
        (row["index"], row["label"]) for row in rows["rows"]
    ]
    across = columns or int(np.ceil(np.sqrt(limit)))
    assert sheet["columns"] == across
    for position, (tile, row) in enumerate(zip(sheet["tiles"], rows["rows"], strict=True)):
        assert tile["position"] == position
        assert tile["x"] == position % across * (made.WIDTH * scale + gap)
        place = picture[tile["y"] : tile["y"] + tile["height"], tile["x"] : tile["x"] + tile["width"]]
        image = to_grey(np.array(row["pixels"]).reshape(made.HEIGHT, made.WIDTH), made.PEAK)
        assert np.array_equal(place, image.repeat(scale, axis=0).repeat(scale, axis=1))
        place[:] = 0
    if not labels:
        assert not picture.any()


def test_links_lead_to_the_pictures_and_through_the_sheets(site: sites.Site) -> None:
    links = site.get(f"{GRID}.json?label=1&limit=3&gap=1").json["links"]
    seen: list[int] = []
    target = links["self"]
    while target:
        sheet = site.get(target).json
        seen += [tile["index"] for tile in sheet["tiles"]]
        assert pixels(site.get(sheet["links"]["png"])).shape == (sheet["height"], sheet["width"])
        assert site.get(sheet["links"]["webp"])["Content-Type"] == "image/webp"
        target = sheet["links"]["next"]
    rows = site.get("/v1/datasets/made/train/rows?label=1").json
    assert seen == [row["index"] for row in rows["rows"]]
    assert site.get(f"{GRID}.png?label=1")["Total-Count"] == str(len(seen))


def test_all_of_mnist_comes_back_from_its_sheets(live: sites.Site, mnist: Dataset) -> None:
    count = 0
    for offset in range(0, 70_000, 10_000):
        picture = pixels(live.get(f"/v1/datasets/mnist/all/grid.png?offset={offset}&limit=10000"))
        images = picture.reshape(100, 28, 100, 28).swapaxes(1, 2).reshape(-1, 28, 28)
        assert np.array_equal(images, mnist.images[offset : offset + 10_000])
        count += len(images)
    assert count == 70_000


@pytest.mark.parametrize(
    ("query", "name", "bound"),
    [
        ("limit=10000&scale=2", "limit", "16000000"),
        ("limit=10001", "limit", "10000"),
        ("columns=0", "columns", "1 to 1000"),
        ("columns=1001", "columns", "1 to 1000"),
        ("gap=65", "gap", "0 to 64"),
        ("scale=33", "scale", "1 to 32"),
        ("cmap=jet", "cmap", "viridis"),
        ("labels=yes", "labels", "true or false"),
        ("columns=1000&gap=64&limit=10000&scale=8", "limit", "16000000"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_bound(live: sites.Site, query: str, name: str, bound: str) -> None:
    answer = live.get(f"/v1/datasets/mnist/train/grid.png?{query}")
    assert answer.status == 422
    assert [fault["name"] for fault in answer.json["errors"]] == [name]
    assert bound in answer.json["detail"]


@pytest.mark.parametrize("query", ["columns=1000&limit=10&scale=32", "columns=1000&limit=1&scale=32&gap=64"])
def test_a_sheet_that_is_wider_than_its_samples_blames_the_columns(live: sites.Site, query: str) -> None:
    for suffix in ("png", "webp", "json"):
        answer = live.get(f"/v1/datasets/mnist/train/grid.{suffix}?{query}")
        assert answer.status == 422
        assert [fault["name"] for fault in answer.json["errors"]] == ["columns"]
    small = live.get(f"/v1/datasets/mnist/train/grid.png?{query}".replace("columns=1000", "columns=2"))
    assert small.status == 200


def test_a_sheet_too_long_for_webp_is_refused_and_a_png(live: sites.Site) -> None:
    query = "columns=1&limit=586"
    answer = live.get(f"/v1/datasets/mnist/train/grid.webp?{query}")
    assert answer.status == 422
    assert "16383" in answer.json["detail"]
    assert pixels(live.get(f"/v1/datasets/mnist/train/grid.png?{query}")).shape == (586 * 28, 28)


@pytest.mark.parametrize(
    ("query", "size"),
    [("limit=10000&gap=1", (2_899, 2_899)), ("limit=2600&scale=2&columns=50", (2_912, 2_800))],
)
def test_a_sheet_with_too_many_pixels_for_webp_is_refused_with_the_bound_and_drawn_as_png(
    live: sites.Site, mnist: Dataset, query: str, size: tuple[int, int]
) -> None:
    height, width = size
    assert height * width > LARGEST
    answer = live.get(f"/v1/datasets/mnist/train/grid.webp?{query}")
    assert answer.status == 422
    (fault,) = answer.json["errors"]
    assert (fault["in"], fault["name"]) == ("query", "limit")
    assert fault["reason"].startswith(f"makes a picture of {width}×{height} pixels; WebP has at most ")
    assert f"{LARGEST} in all" in fault["reason"]
    assert live.head(f"/v1/datasets/mnist/train/grid.webp?{query}").status == 422
    picture = pixels(live.get(f"/v1/datasets/mnist/train/grid.png?{query}"))
    assert picture.shape == size
    scale = 2 if "scale=2" in query else 1
    assert np.array_equal(picture[: 28 * scale : scale, : 28 * scale : scale], mnist.images[0])


def test_the_largest_sheet_that_webp_takes_is_drawn(live: sites.Site) -> None:
    answer = live.get("/v1/datasets/mnist/train/grid.webp?limit=10000")
    assert answer.status == 200
    with Image.open(io.BytesIO(answer.body)) as image:
        assert image.size == (2_800, 2_800)
    assert LARGEST >= 2_800**2


def test_a_sheet_costs_no_more_than_three_times_what_its_encoding_costs_pillow(mnist: Dataset) -> None:
    selection = Selection.of(mnist.split("train")).shuffled(3).page(0, 1_000)
    media = sheet_png(plan_sheet(1_000, 28, 28, RenderOptions(), columns=40, gap=0, labels=False), RenderOptions())
    with Image.open(io.BytesIO(media.encode(selection.batch()))) as image:
        picture = image.copy()
    ours = _least(lambda: media.encode(selection.batch()))
    theirs = _least(lambda: picture.save(io.BytesIO(), "PNG"))
    assert ours < 3 * theirs


def _least(work: Callable[[], object]) -> float:
    """Seconds of CPU that the work takes, the least of five times."""
    spent = []
    for _ in range(5):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)
