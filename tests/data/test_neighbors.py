import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.data.dataset import Dataset
from service.data.neighbors import neighbors, neighbors_of_drawing
from service.data.selection import Selection
from service.errors import Unknown
from tests import made


def brute(data: Dataset, split: str, position: int, k: int) -> list[tuple[int, int]]:
    """Every distance in integers; sorted by distance, then index."""
    images = Selection.of(data.split(split)).images.astype(np.int64)
    squared = ((images - images[position]) ** 2).sum(axis=(1, 2)).tolist()
    return sorted((distance, index) for index, distance in enumerate(squared) if index != position)[:k]


@given(made.datasets(), st.sampled_from(["train", "test", "all"]), st.integers(1, 40), st.data())
def test_neighbours_are_the_nearest_others_with_ties_by_lower_index(
    data: Dataset, split: str, k: int, draw: st.DataObject
) -> None:
    position = draw.draw(st.integers(0, len(data.split(split)) - 1))
    found = neighbors(data.split(split), position, k)
    pairs = list(zip(found.squared.tolist(), found.index.tolist(), strict=True))
    assert pairs == brute(data, split, position, k)


def test_equal_images_are_ordered_by_index_and_the_sample_itself_is_left_out() -> None:
    data = made.dataset(np.full((6, 2, 2), 7, np.uint8), np.zeros(6, np.uint8))
    assert neighbors(data.split("all"), 2, 4).index.tolist() == [0, 1, 3, 4]
    assert neighbors(data.split("all"), 2, 100).index.tolist() == [0, 1, 3, 4, 5]


def test_distances_stay_exact_at_the_largest_values() -> None:
    images = np.full((3, 28, 28), 255, np.uint8)
    images[1], images[2, 0, 0] = 0, 254
    data = made.dataset(images, np.zeros(3, np.uint8), peak=255)
    assert neighbors(data.split("all"), 0, 2).squared.tolist() == [1, 784 * 255**2]


@given(made.byte_datasets(), st.sampled_from(["train", "test", "all"]), st.data())
def test_neighbours_are_exact_whatever_the_images_are_like(data: Dataset, split: str, draw: st.DataObject) -> None:
    n = len(data.split(split))
    position = draw.draw(st.sampled_from([0, n // 2, n - 1]))
    k = draw.draw(st.sampled_from([0, 1, 7, n - 1, n + 5]))
    found = neighbors(data.split(split), position, k)
    assert list(zip(found.squared.tolist(), found.index.tolist(), strict=True)) == brute(data, split, position, k)


@pytest.mark.parametrize(
    ("name", "split"), [("mnist", "train"), ("mnist", "test"), ("mnist", "all"), ("digits", "all")]
)
def test_neighbours_in_the_real_data_are_exact(real: dict[str, Dataset], name: str, split: str) -> None:
    """Every distance to some samples at once: sums of integers below 2^53, which float64 adds exactly."""
    one = real[name].split(split)
    positions = [*range(0, len(one), len(one) // 24), len(one) - 1]
    wide = one.images.reshape(len(one), -1).astype(np.float64)
    lengths = (wide**2).sum(axis=1)
    for position, products in zip(positions, (wide @ wide[positions].T).T, strict=True):
        squared = lengths + lengths[position] - 2 * products
        nearest = np.argsort(squared, kind="stable")
        nearest = nearest[nearest != position][:100]
        found = neighbors(one, position, 100)
        assert found.index.tolist() == nearest.tolist()
        assert found.squared.tolist() == squared[nearest].tolist()


def test_a_position_outside_the_split_is_unknown(tiny: Dataset) -> None:
    with pytest.raises(Unknown):
        neighbors(tiny.split("test"), made.TEST, 1)


@given(made.datasets(), st.sampled_from(["train", "test", "all"]), st.integers(1, 40), st.data())
def test_neighbours_of_a_drawing_are_the_nearest_with_ties_by_lower_index(
    data: Dataset, split_name: str, k: int, draw: st.DataObject
) -> None:
    split = data.split(split_name)
    drawing = draw.draw(arrays.arrays(np.uint8, split.card.pixels, elements=st.integers(0, made.PEAK)))
    images = split.images.reshape(len(split), -1).astype(np.int64)
    distances = ((images - drawing) ** 2).sum(axis=1).tolist()
    found = neighbors_of_drawing(split, drawing, k)
    expected = sorted((distance, index) for index, distance in enumerate(distances))[:k]
    assert list(zip(found.squared.tolist(), found.index.tolist(), strict=True)) == expected


@given(made.byte_datasets(), st.sampled_from(made.KINDS), st.integers(0, 2**32), st.sampled_from([0, 1, 7, 300]))
def test_neighbours_of_a_drawing_are_exact_whatever_it_is_like(data: Dataset, kind: str, seed: int, k: int) -> None:
    drawing = made.draw_images(kind, seed=seed, n=1, side=data.card.width).ravel()
    squared = ((data.images.reshape(len(data.images), -1).astype(np.int64) - drawing) ** 2).sum(axis=1)
    found = neighbors_of_drawing(data.split("all"), drawing, k)
    nearest = np.argsort(squared, kind="stable")[:k]
    assert found.index.tolist() == nearest.tolist()
    assert found.squared.tolist() == squared[nearest].tolist()


@pytest.mark.parametrize(("name", "position"), [("mnist", 31_415), ("digits", 7)])
def test_a_sample_drawn_anew_is_its_own_nearest_neighbour(real: dict[str, Dataset], name: str, position: int) -> None:
    split = real[name].split(real[name].card.reference)
    found = neighbors_of_drawing(split, split.images[position].ravel(), 11)
    others = neighbors(split, position, 10)
    assert (found.index[0], found.squared[0]) == (position, 0)
    assert found.index[1:].tolist() == others.index.tolist()
    assert found.squared[1:].tolist() == others.squared.tolist()
