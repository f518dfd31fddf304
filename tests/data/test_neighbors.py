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


@pytest.mark.parametrize(("name", "position"), [("mnist", 0), ("mnist", 59_999), ("digits", 1_000)])
def test_neighbours_in_the_real_data_are_exact(real: dict[str, Dataset], name: str, position: int) -> None:
    data = real[name]
    split = data.card.reference
    found = neighbors(data.split(split), position, 10)
    assert list(zip(found.squared.tolist(), found.index.tolist(), strict=True)) == brute(data, split, position, 10)


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


@pytest.mark.parametrize(("name", "position"), [("mnist", 31_415), ("digits", 7)])
def test_a_sample_drawn_anew_is_its_own_nearest_neighbour(real: dict[str, Dataset], name: str, position: int) -> None:
    split = real[name].split(real[name].card.reference)
    found = neighbors_of_drawing(split, split.images[position].ravel(), 11)
    others = neighbors(split, position, 10)
    assert (found.index[0], found.squared[0]) == (position, 0)
    assert found.index[1:].tolist() == others.index.tolist()
    assert found.squared[1:].tolist() == others.squared.tolist()
