import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.dataset import Dataset
from service.data.projection import compute_axes
from service.data.scale import standard_table
from service.data.selection import Selection
from service.data.sketches import compute_sketches
from service.data.statistics import class_statistics, class_sums, column_statistics, intensities
from tests import made

splits = st.sampled_from(["train", "test", "all"])


@given(made.datasets(), splits)
def test_intensities_are_what_numpy_computes(data: Dataset, split: str) -> None:
    images = Selection.of(data.split(split)).images
    found = intensities(data.split(split))
    assert found.histogram.tolist() == np.bincount(images.ravel(), minlength=made.PEAK + 1).tolist()
    assert found.raw.mean == pytest.approx(images.mean())
    assert found.raw.std == pytest.approx(images.std())
    assert found.unit.mean == pytest.approx((images / made.PEAK).mean())
    assert found.unit.std == pytest.approx((images / made.PEAK).std())
    assert found.nonzero == pytest.approx(np.count_nonzero(images) / images.size)


@given(made.datasets(), splits)
def test_the_classes_add_up_to_all_samples(data: Dataset, name: str) -> None:
    found = class_statistics(data.split(name))
    assert found.count.sum() == len(data.split(name))
    assert found.share.sum() == pytest.approx(1)
    assert len(found.count) == len(found.first_index) == len(made.CLASSES)


@given(made.datasets(), splits)
def test_each_class_has_its_own_statistics(data: Dataset, name: str) -> None:
    split = data.split(name)
    found = class_statistics(split)
    for label in range(len(made.CLASSES)):
        mine = split.images[split.labels == label]
        assert found.count[label] == len(mine)
        if not len(mine):
            assert found.first_index[label] is None
            assert (found.mean[label], found.std[label], found.nonzero[label]) == (0, 0, 0)
            continue
        assert found.first_index[label] == np.flatnonzero(split.labels == label)[0]
        assert found.mean[label] == pytest.approx(mine.mean())
        assert found.std[label] == pytest.approx(mine.std())
        assert found.nonzero[label] == pytest.approx(np.count_nonzero(mine) / mine.size)


@given(made.datasets(), splits)
def test_each_pixel_has_its_own_statistics(data: Dataset, name: str) -> None:
    flat = Selection.of(data.split(name)).batch().flat
    found = column_statistics(data.split(name))
    assert found.name == data.card.feature_names
    assert found.min.tolist() == flat.min(axis=0).tolist()
    assert found.max.tolist() == flat.max(axis=0).tolist()
    assert found.mean.tolist() == pytest.approx(flat.mean(axis=0).tolist())
    assert found.std.tolist() == pytest.approx(flat.std(axis=0).tolist(), abs=1e-12)
    assert found.nonzero.tolist() == pytest.approx((flat > 0).mean(axis=0).tolist())


def test_sums_of_squares_stay_exact_at_the_largest_values() -> None:
    data = made.dataset(np.full((1_000, 3, 3), 255, np.uint8), np.zeros(1_000, np.uint8), peak=255)
    sums = class_sums(data.split("all"))
    assert sums.squares[0].tolist() == [[1_000 * 255**2] * 3] * 3
    assert sums.values[0].tolist() == [[1_000 * 255] * 3] * 3
    assert class_statistics(data.split("all")).std[0] == 0


@given(made.datasets(), splits)
def test_nothing_that_is_stored_for_later_answers_can_be_written(data: Dataset, name: str) -> None:
    split = data.split(name)
    stored = [function(split) for function in (intensities, class_sums, class_statistics, column_statistics)]
    arrays = [array for result in stored for array in vars(result).values() if isinstance(array, np.ndarray)]
    arrays += [*vars(compute_sketches(data)).values(), compute_axes(split).directions, split.class_counts]
    if intensities(data.split(data.card.reference)).raw.std:
        arrays.append(standard_table(data))
    assert len(arrays) >= 20
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@given(made.datasets(), splits)
def test_sums_give_mean_and_spread_of_every_class(data: Dataset, split: str) -> None:
    selection, sums = Selection.of(data.split(split)), class_sums(data.split(split))
    for label in range(len(made.CLASSES)):
        mine = selection.images[selection.labels == label]
        if not len(mine):
            assert not sums.mean(label).any()
            assert not sums.std(label).any()
            continue
        assert np.allclose(sums.mean(label), mine.mean(axis=0))
        assert np.allclose(sums.std(label), mine.std(axis=0))


@pytest.mark.parametrize(
    ("split", "mean", "std"), [("train", 0.1306604763, 0.3081078039), ("test", 0.1325146058, 0.3104802479)]
)
def test_mnist_has_the_mean_and_deviation_that_everybody_normalises_by(
    mnist: Dataset, split: str, mean: float, std: float
) -> None:
    unit = intensities(mnist.split(split)).unit
    assert unit.mean == pytest.approx(mean, abs=5e-11)
    assert unit.std == pytest.approx(std, abs=5e-11)


def test_statistics_are_computed_once(tiny: Dataset) -> None:
    assert intensities(tiny.split("train")) is intensities(tiny.split("train"))
    assert class_statistics(tiny.split("train")) is class_statistics(tiny.split("train"))
