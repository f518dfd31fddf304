import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.data.statistics import class_sums, column_statistics, intensities, class_statistics
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
def test_the_labels_rows_add_up_to_all_rows(data: Dataset, split: str) -> None:
    frame = class_statistics(data.split(split))
    assert frame["count"].sum() == len(data.split(split))
    assert frame["share"].sum() == pytest.approx(1)
    assert frame.index.tolist() == list(range(len(made.CLASSES)))


@given(made.datasets(), splits)
def test_each_class_has_its_own_statistics(data: Dataset, split: str) -> None:
    selection = Selection.of(data.split(split))
    for label, row in class_statistics(data.split(split)).iterrows():
        mine = selection.images[selection.labels == label]
        assert row["count"] == len(mine)
        if not len(mine):
            assert np.isnan(row["first_index"])
            assert (row["mean"], row["std"], row["inked"]) == (0, 0, 0)
            continue
        assert row["first_index"] == np.flatnonzero(selection.labels == label)[0]
        assert row["mean"] == pytest.approx(mine.mean())
        assert row["std"] == pytest.approx(mine.std())
        assert row["inked"] == pytest.approx(np.count_nonzero(mine) / mine.size)


@given(made.datasets(), splits)
def test_each_pixel_has_its_own_statistics(data: Dataset, split: str) -> None:
    flat = Selection.of(data.split(split)).batch().flat
    frame = column_statistics(data.split(split))
    assert tuple(frame.index) == data.card.feature_names
    assert frame["min"].tolist() == flat.min(axis=0).tolist()
    assert frame["max"].tolist() == flat.max(axis=0).tolist()
    assert frame["mean"].tolist() == pytest.approx(flat.mean(axis=0).tolist())
    assert frame["std"].tolist() == pytest.approx(flat.std(axis=0).tolist(), abs=1e-12)
    assert frame["nonzero"].tolist() == pytest.approx((flat > 0).mean(axis=0).tolist())


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
