"""A map of the samples: scikit-learn's, from axes that were made beforehand."""

from importlib.resources import files

import numpy as np
import pytest
from sklearn.decomposition import PCA

from service.data.dataset import Dataset
from service.data.projection import projected
from service.data.selection import Selection
from service.datasets import SOURCES
from service.datasets.axes import axes
from service.datasets.axes.make import made
from service.errors import Unknown


@pytest.mark.parametrize("name", [source.card.name for source in SOURCES])
def test_every_dataset_has_axes_that_are_orthonormal(name: str) -> None:
    directions = axes(name).directions / 32_767
    assert np.allclose(directions @ directions.T, np.eye(2), atol=1e-3)
    assert 0 < axes(name).explained[1] <= axes(name).explained[0] < 1


def test_coordinates_are_those_of_scikit_learns_pca(digits: Dataset) -> None:
    flat = digits.images.reshape(-1, 64) / 16
    expected = PCA(2, svd_solver="covariance_eigh").fit_transform(flat)
    assert np.allclose(projected(Selection.of(digits.split("all")), axes("digits")), expected, atol=1e-3)


def test_the_axes_that_are_shipped_are_those_that_are_made(digits: Dataset) -> None:
    assert made(digits) == (files("service.datasets.axes") / "digits.json").read_text()


def test_a_dataset_without_axes_is_unknown() -> None:
    with pytest.raises(Unknown, match="digits, mnist"):
        axes("letters")
