"""Statistics over HTTP: every column, and the numbers that training needs, unrounded."""

import numpy as np
import pytest

from service.data.dataset import Dataset
from service.data.selection import Selection
from tests import made, sites


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_every_column_is_described(site: sites.Site, tiny: Dataset, split: str) -> None:
    answer = site.get(f"/v1/datasets/made/{split}/statistics").json
    selection = Selection.of(tiny.split(split))
    assert (answer["num_examples"], answer["partial"]) == (len(selection), False)
    label, *columns = answer["statistics"]
    counts = np.bincount(selection.labels, minlength=4).tolist()
    assert (label["column_name"], label["column_type"]) == ("label", "class_label")
    assert label["column_statistics"]["frequencies"] == dict(zip(made.CLASSES, counts, strict=True))
    assert label["column_statistics"]["n_unique"] == sum(count > 0 for count in counts)
    flat = selection.batch().flat
    assert [column["column_name"] for column in columns] == list(tiny.card.feature_names)
    assert {column["column_type"] for column in columns} == {"int"}
    for name, values in (
        ("min", flat.min(axis=0)),
        ("max", flat.max(axis=0)),
        ("mean", flat.mean(axis=0)),
        ("std", flat.std(axis=0)),
        ("nonzero", (flat > 0).mean(axis=0)),
    ):
        assert [column["column_statistics"][name] for column in columns] == pytest.approx(values.tolist())


def test_the_numbers_that_training_needs_are_not_rounded(live: sites.Site, mnist: Dataset) -> None:
    pixels = live.get("/v1/datasets/mnist/train/statistics").json["pixels"]
    train = Selection.of(mnist.split("train")).images
    histogram = np.bincount(train.ravel(), minlength=256)
    assert pixels["histogram"] == histogram.tolist()
    assert pixels["unit"]["mean"] == pytest.approx(0.1306604763, abs=5e-11)
    assert pixels["unit"]["std"] == pytest.approx(0.3081078039, abs=5e-11)
    assert pixels["raw"]["mean"] == pytest.approx(histogram @ np.arange(256) / train.size, rel=1e-15)
    assert pixels["nonzero"] == pytest.approx(1 - histogram[0] / train.size, rel=1e-15)
