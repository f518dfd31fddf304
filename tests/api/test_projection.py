"""Samples in two dimensions over HTTP."""

import numpy as np
import pytest

from service.data.dataset import Dataset
from service.data.projection import axes_of, project
from service.data.selection import Selection
from tests import sites


@pytest.mark.parametrize("choice", ["", "label=3&seed=2&offset=5&", "offset=99999&"])
def test_points_are_those_of_the_selection(live: sites.Site, mnist: Dataset, choice: str) -> None:
    found = live.get(f"/v1/datasets/mnist/test/projection?{choice}limit=300").json
    rows = live.get(f"/v1/datasets/mnist/test/rows?{choice}limit=300").json
    kept = [(point["index"], point["label"]) for point in found["points"]]
    assert kept == [(row["index"], row["label"]) for row in rows["rows"]]
    assert found["total"] == rows["total"]
    places = project(
        Selection.of(mnist.split("test")).take(np.array([index for index, _ in kept], np.int64)), axes_of(mnist)
    )
    coordinates = np.array([(point["x"], point["y"]) for point in found["points"]]).reshape(-1, 2)
    assert np.allclose(coordinates, places, atol=5e-5)
    assert found["explained"] == list(axes_of(mnist).explained)


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_a_dataset_whose_source_brings_no_axes_has_a_map(site: sites.Site, tiny: Dataset, split: str) -> None:
    found = site.get(f"/v1/datasets/made/{split}/projection").json
    assert (found["fitted"], found["total"]) == ("train", len(tiny.split(split)))
    coordinates = np.array([(point["x"], point["y"]) for point in found["points"]])
    expected = project(Selection.of(tiny.split(split)), axes_of(tiny))
    assert np.allclose(coordinates, expected, atol=5e-5)
    assert sum(found["explained"]) <= 1
