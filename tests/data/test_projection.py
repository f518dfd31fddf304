"""A map of the samples: scikit-learn's, from axes that were made beforehand or are computed."""

import tracemalloc
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from service.data.axes import LONGEST
from service.data.dataset import Dataset
from service.data.projection import axes_of, compute_axes, place, project
from service.data.selection import Selection
from service.datasets import SOURCES
from service.datasets.axes.make import format_axes
from tests import made

NAMES = [source.card.name for source in SOURCES]


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_has_axes_that_are_orthonormal(real: dict[str, Dataset], name: str) -> None:
    axes = axes_of(real[name])
    assert axes is real[name].axes
    directions = axes.directions / 32_767
    assert np.allclose(directions @ directions.T, np.eye(2), atol=1e-3)
    assert 0 < axes.explained[1] <= axes.explained[0] < 1


@pytest.mark.parametrize("name", NAMES)
def test_the_axes_that_are_shipped_are_those_that_are_made(real: dict[str, Dataset], name: str) -> None:
    data = real[name]
    axes = compute_axes(data.split(data.card.reference))
    assert format_axes(axes) == (files("service.datasets.axes") / f"{name}.json").read_text()


def test_coordinates_are_those_of_scikit_learns_pca(digits: Dataset) -> None:
    flat = digits.images.reshape(-1, 64) / 16
    expected = PCA(2, svd_solver="covariance_eigh").fit_transform(flat)
    assert np.allclose(project(Selection.of(digits.split("all")), axes_of(digits)), expected, atol=1e-3)


def test_a_dataset_without_axes_gets_those_of_its_own_reference_split(tiny: Dataset) -> None:
    assert tiny.axes is None
    axes = axes_of(tiny)
    assert axes is axes_of(tiny)
    assert axes.split == "train"
    train = Selection.of(tiny.split("train"))
    expected = PCA(2, svd_solver="covariance_eigh").fit(train.images.reshape(-1, 15) / made.PEAK)
    assert np.allclose(axes.directions / 32_767, expected.components_, atol=1e-3)
    assert np.allclose(axes.explained, expected.explained_variance_ratio_, atol=1e-5)
    everything = Selection.of(tiny.split("all"))
    transformed = expected.transform(everything.images.reshape(-1, 15) / made.PEAK)
    assert np.allclose(project(everything, axes), transformed, atol=2e-3)


@given(made.datasets())
def test_every_dataset_has_a_map_even_of_equal_or_single_pixels(data: Dataset) -> None:
    points = project(Selection.of(data.split("all")), axes_of(data))
    assert points.shape == (len(data.labels), 2)
    assert np.isfinite(points).all()
    assert all(0 <= share <= 1 for share in axes_of(data).explained)


def test_coordinates_are_exact_sums_of_integers(mnist: Dataset) -> None:
    selection, axes = Selection.of(mnist.split("all")).shuffled(3).page(5, 1_100), axes_of(mnist)
    sums = selection.images.reshape(-1, 784).astype(np.int64) @ axes.directions.T
    assert np.array_equal(project(selection, axes), (sums - np.array(axes.centre)) / (32_767 * 255))


def test_a_large_map_takes_little_memory(mnist: Dataset) -> None:
    selection = Selection.of(mnist.split("all")).shuffled(3).page(0, 10_000)
    tracemalloc.start()
    try:
        project(selection, axes_of(mnist))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


def share_of_own_class(places: NDArray[np.generic], labels: NDArray[np.int64]) -> float:
    """How many of the ten nearest points on a map have a point's own label."""
    near = NearestNeighbors(n_neighbors=10).fit(places).kneighbors(return_distance=False)
    return float((labels[near] == labels[:, None]).mean())


@pytest.mark.parametrize(("name", "least"), [("mnist", 0.96), ("digits", 0.98)])
def test_tsne_separates_the_classes_and_principal_components_do_not(
    real: dict[str, Dataset], name: str, least: float
) -> None:
    everything = Selection.of(real[name].split("all"))
    tsne = real[name].tsne
    assert tsne is not None
    assert share_of_own_class(place(everything, tsne), everything.labels) >= least
    assert share_of_own_class(project(everything, axes_of(real[name])), everything.labels) < 0.7


@pytest.mark.parametrize("name", NAMES)
def test_a_map_by_tsne_fills_its_square(real: dict[str, Dataset], name: str) -> None:
    tsne = real[name].tsne
    assert tsne is not None
    assert tsne.dtype == np.uint16
    assert tsne.shape == (len(real[name].labels), 2)
    assert not tsne.flags.writeable
    assert tsne.min(axis=0).tolist() == [0, 0]
    assert tsne.max() == LONGEST
    assert tsne.max(axis=0).min() > 0.8 * LONGEST


@pytest.mark.parametrize(("split", "first"), [("train", 0), ("test", 60_000), ("all", 0)])
def test_a_sample_has_one_place_in_whatever_split_it_is(mnist: Dataset, split: str, first: int) -> None:
    assert mnist.tsne is not None
    selection = Selection.of(mnist.split(split))
    for some in (selection.page(7, 20), selection.shuffled(3).page(0, 20)):
        assert np.array_equal(place(some, mnist.tsne), mnist.tsne[first + np.array(some.indices)])
