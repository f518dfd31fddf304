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
    assert (found["kind"], found["fitted"]) == ("pca", "train")
    assert found["explained"] == list(axes_of(mnist).explained)


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_a_dataset_whose_source_brings_no_axes_has_a_map(site: sites.Site, tiny: Dataset, split: str) -> None:
    found = site.get(f"/v1/datasets/made/{split}/projection").json
    assert (found["fitted"], found["total"]) == ("train", len(tiny.split(split)))
    coordinates = np.array([(point["x"], point["y"]) for point in found["points"]])
    expected = project(Selection.of(tiny.split(split)), axes_of(tiny))
    assert np.allclose(coordinates, expected, atol=5e-5)
    assert sum(found["explained"]) <= 1


@pytest.mark.parametrize("choice", ["", "label=3&seed=2&offset=5&", "order=oddest&", "offset=99999&"])
@pytest.mark.parametrize(("name", "split"), [("mnist", "test"), ("mnist", "all"), ("digits", "all")])
def test_tsne_places_the_same_selection(
    live: sites.Site, real: dict[str, Dataset], name: str, split: str, choice: str
) -> None:
    here, tsne = f"/v1/datasets/{name}/{split}/projection?{choice}limit=200", real[name].tsne
    found, plain = live.get(f"{here}&kind=tsne").json, live.get(here).json
    assert (found["kind"], found["fitted"], found["explained"]) == ("tsne", "all", None)
    assert (found["total"], len(found["points"])) == (plain["total"], len(plain["points"]))
    assert tsne is not None
    first = real[name].card.splits[split].start
    for point, other in zip(found["points"], plain["points"], strict=True):
        assert (point["index"], point["label"]) == (other["index"], other["label"])
        assert [point["x"], point["y"]] == tsne[first + point["index"]].tolist()


def test_pca_is_the_kind_unless_said_otherwise_and_links_keep_the_kind(live: sites.Site) -> None:
    here = "/v1/datasets/digits/all/projection?limit=5"
    assert live.get(f"{here}&kind=pca")["ETag"] == live.get(here)["ETag"] != live.get(f"{here}&kind=tsne")["ETag"]
    assert "kind=tsne" in live.get(f"{here}&kind=tsne").json["links"]["next"]
    assert "kind must be one of pca, tsne, not 'umap'" in live.get(f"{here}&kind=umap").json["detail"]


def test_a_dataset_without_a_map_by_tsne_says_so(site: sites.Site) -> None:
    answer = site.get("/v1/datasets/made/all/projection?kind=tsne")
    assert answer.status == 422
    (error,) = answer.json["errors"]
    assert (error["name"], error["reason"]) == ("kind", "must be pca for made, which has no map by t-SNE, not tsne")
