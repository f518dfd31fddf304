import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.data.dataset import Dataset
from service.data.neighbors import neighbors
from service.data.sketches import Sketches, compute_sketches, contract, sketch, sketches_cost
from tests import made


def excess(sketches: Sketches, images: NDArray[np.uint8], drawings: NDArray[np.uint8]) -> float:
    """The most by which the bound of a squared distance exceeds it, over all pairs of an image and a drawing."""
    flat, span = images.reshape(len(images), -1).astype(np.int64), range(len(images))
    return max(
        float((sketches.bound_squares(span, drawing) - ((flat - drawing) ** 2).sum(axis=1)).max())
        for drawing in drawings.reshape(len(drawings), -1)
    )


@given(made.byte_datasets(), st.sampled_from(made.KINDS), st.integers(0, 2**32))
def test_no_distance_is_below_its_bound(data: Dataset, kind: str, seed: int) -> None:
    others = made.draw_images(kind, seed=seed, n=5, side=data.card.width)
    drawings = np.concatenate([data.images[:20], 255 - data.images[:5], others])
    assert excess(compute_sketches(data), data.images, drawings) <= 0


@pytest.mark.parametrize("kind", made.KINDS)
@pytest.mark.parametrize("largest", [1e-30, 1.0, 1e30])
def test_bounds_hold_for_any_directions(kind: str, largest: float) -> None:
    images = made.draw_images(kind, seed=1, n=60, side=28)
    flat = images.reshape(60, -1).astype(np.float32)
    directions = contract(np.random.default_rng(2).uniform(-largest, largest, (784, 9)))
    vectors, lengths = sketch(flat, directions)
    assert excess(Sketches(directions, vectors, lengths.astype(np.int64)), images, images) <= 0


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32))
def test_contracted_vectors_let_nothing_grow(pixels: int, count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(pixels, count)) * random.choice([0.1, 1, 10], count)
    assert np.linalg.norm(contract(vectors).astype(np.float64), 2) <= 1 + 1e-6


def test_bounds_of_the_real_data_leave_few_images_to_measure(mnist: Dataset) -> None:
    split, left = mnist.split("train"), []
    for position in range(0, len(split), 2_000):
        bounds = compute_sketches(mnist).bound_squares(split.span, split.images[position].ravel())
        left.append(np.count_nonzero(bounds <= neighbors(split, position, 10).squared[-1]))
    assert np.median(left) < len(split) / 100


def test_sketches_cost_nothing_once_they_are_stored() -> None:
    data = made.source().load()
    assert sketches_cost(data) > 0
    compute_sketches(data)
    assert sketches_cost(data) == 0
