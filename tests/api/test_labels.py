"""Classes over HTTP: their statistics add up, and their pictures are what numpy computes."""

import io

import numpy as np
import pytest
from PIL import Image

from service.data.dataset import Dataset
from service.data.selection import Selection
from tests import made, sites


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_every_class_is_counted_and_described(site: sites.Site, tiny: Dataset, split: str) -> None:
    answer = site.get(f"/v1/datasets/made/{split}/labels").json
    selection = Selection.of(tiny.split(split))
    assert (answer["dataset"], answer["split"], answer["total"]) == ("made", split, len(selection))
    assert [(one["label"], one["name"]) for one in answer["labels"]] == list(enumerate(made.CLASSES))
    for one in answer["labels"]:
        mine = np.flatnonzero(selection.labels == one["label"])
        images = selection.images[mine]
        assert one["count"] == len(mine)
        assert one["share"] == pytest.approx(len(mine) / len(selection))
        assert one["first_index"] == (mine[0] if len(mine) else None)
        assert one["mean"] == pytest.approx(images.mean() if len(mine) else 0)
        assert one["std"] == pytest.approx(images.std() if len(mine) else 0)
        assert one["nonzero"] == pytest.approx((images > 0).mean() if len(mine) else 0)


def test_the_rows_behind_the_links_add_up_to_all_rows(site: sites.Site) -> None:
    answer = site.get("/v1/datasets/made/train/labels").json
    pages = [site.get(one["links"]["rows"]).json for one in answer["labels"]]
    assert [page["total"] for page in pages] == [one["count"] for one in answer["labels"]]
    rows = [row["index"] for page in pages for row in page["rows"]]
    assert sorted(rows) == list(range(answer["total"]))


@pytest.mark.parametrize("which", ["mean", "std"])
@pytest.mark.parametrize("label", range(4))
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_picture_of_a_class_is_computed_by_numpy_and_never_stretched(
    site: sites.Site, tiny: Dataset, split: str, label: int, which: str
) -> None:
    selection = Selection.of(tiny.split(split))
    images = selection.images[selection.labels == label].astype(np.float64)
    values = getattr(images, which)(axis=0) if len(images) else np.zeros((made.HEIGHT, made.WIDTH))
    answer = site.get(f"/v1/datasets/made/{split}/labels/{label}/{which}.png")
    with Image.open(io.BytesIO(answer.body)) as image:
        assert np.array_equal(np.asarray(image), np.rint(values * 255 / made.PEAK))


@pytest.mark.parametrize(("name", "split", "peak"), [("mnist", "test", 255), ("digits", "all", 16)])
@pytest.mark.parametrize("which", ["mean", "std"])
def test_the_pictures_of_real_classes_are_those_of_numpy(
    live: sites.Site, real: dict[str, Dataset], name: str, split: str, peak: int, which: str
) -> None:
    selection = Selection.of(real[name].split(split))
    for label in (0, 8):
        values = getattr(selection.images[selection.labels == label].astype(np.float64), which)(axis=0)
        answer = live.get(f"/v1/datasets/{name}/{split}/labels/{label}/{which}.png")
        with Image.open(io.BytesIO(answer.body)) as image:
            assert np.array_equal(np.asarray(image), np.rint(values * 255 / peak))


def test_mnist_has_as_many_of_each_digit_as_the_original(live: sites.Site) -> None:
    answer = live.get("/v1/datasets/mnist/test/labels").json
    assert [one["count"] for one in answer["labels"]] == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_the_picture_of_a_class_is_drawn_in_the_look_asked_for(site: sites.Site) -> None:
    here = "/v1/datasets/made/train/labels/0/mean.png"
    plain, scaled, coloured = (
        Image.open(io.BytesIO(site.get(here + query).body)) for query in ("", "?scale=3&invert=true", "?cmap=magma")
    )
    assert np.array_equal(255 - np.asarray(scaled)[1::3, 1::3], np.asarray(plain))
    assert coloured.mode == "RGB"
