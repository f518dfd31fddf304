import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data import selection as selection_module
from service.data.dataset import Dataset
from service.data.order import order_v1
from service.data.selection import Selection, to_positions
from service.errors import Refused, Unknown
from tests import made

splits = st.sampled_from(["train", "test", "all"])
choices = st.lists(st.integers(0, 3), max_size=4)


def chosen(data: Dataset, split: str, labels: list[int], seed: int | None) -> Selection:
    selection = Selection.of(data.split(split))
    selection = selection.labelled(labels) if labels else selection
    return selection if seed is None else selection.shuffled(seed)


@given(made.datasets(), splits, choices, st.none() | st.integers(0, 9), st.integers(1, 40))
def test_pages_tile_a_selection_exactly_once(
    data: Dataset, split: str, labels: list[int], seed: int | None, limit: int
) -> None:
    selection = chosen(data, split, labels, seed)
    pages = [selection.page(offset, limit) for offset in range(0, len(selection) + limit, limit)]
    assert all(0 < len(page) <= limit for page in pages[: len(selection) // limit])
    for part in ("index", "label", "image"):
        whole = getattr(selection.batch(), part)
        assert np.array_equal(np.concatenate([getattr(page.batch(), part) for page in pages]), whole)


@given(made.datasets(), splits, choices, st.none() | st.integers(0, 9))
def test_every_row_is_the_sample_that_its_index_names(
    data: Dataset, split: str, labels: list[int], seed: int | None
) -> None:
    batch = chosen(data, split, labels, seed).batch(layout="image")
    span = data.split(split).span
    assert np.array_equal(batch.image, data.images[span.start : span.stop][batch.index])
    assert np.array_equal(batch.label, data.labels[span.start : span.stop][batch.index])


@given(made.datasets(), splits, choices)
def test_labelled_keeps_every_sample_of_the_classes_in_unchanged_order(
    data: Dataset, split: str, labels: list[int]
) -> None:
    everything = Selection.of(data.split(split))
    expected = [i for i, label in enumerate(everything.labels.tolist()) if label in labels]
    assert np.asarray(everything.labelled(labels or [0, 0]).indices).tolist() == (
        expected if labels else np.flatnonzero(everything.labels == 0).tolist()
    )


@given(made.datasets(), splits)
def test_the_classes_rows_add_up_to_all_rows(data: Dataset, split: str) -> None:
    everything = Selection.of(data.split(split))
    parts = [np.asarray(everything.labelled([label]).indices) for label in range(len(made.CLASSES))]
    assert np.sort(np.concatenate(parts)).tolist() == list(range(len(everything)))


@given(made.datasets(), choices, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_shuffled_is_order_v1_of_what_was_selected(data: Dataset, labels: list[int], seed: int, epoch: int) -> None:
    before = chosen(data, "train", labels, None)
    after = before.shuffled(seed, epoch)
    order = order_v1(len(before), seed=seed, epoch=epoch)
    assert np.array_equal(np.asarray(after.indices), np.asarray(before.indices)[order])


@given(made.datasets(), st.data())
def test_take_keeps_order_and_repeats(data: Dataset, draw: st.DataObject) -> None:
    positions = np.array(draw.draw(st.lists(st.integers(0, len(data.labels) - 1))), dtype=np.int64)
    taken = Selection.of(data.split("all")).take(positions)
    assert np.array_equal(taken.batch().index, positions)
    assert np.array_equal(taken.images, data.images[positions])


def test_taking_from_a_page_counts_from_the_page() -> None:
    data = made.source().load()
    page = Selection.of(data.split("train")).page(5, 10)
    assert page.take(np.array([2, 0])).batch().index.tolist() == [7, 5]
    assert page.shuffled(1).page(0, 4).take(np.array([1])).batch().index.tolist() == [5 + order_v1(10, seed=1)[1]]


@given(made.datasets())
def test_all_is_train_followed_by_test(data: Dataset) -> None:
    parts = [Selection.of(data.split(split)) for split in ("train", "test")]
    assert np.array_equal(np.concatenate([part.images for part in parts]), Selection.of(data.split("all")).images)
    assert np.array_equal(np.concatenate([part.labels for part in parts]), Selection.of(data.split("all")).labels)


def test_no_verb_changes_the_selection_it_is_asked_of(tiny: Dataset) -> None:
    everything = Selection.of(tiny.split("train"))
    for other in (everything.labelled([1]), everything.shuffled(1), everything.page(3, 2), everything.one(4)):
        assert other is not everything
    assert everything.indices == range(made.TRAIN)


def test_a_page_in_file_order_copies_no_pixel(tiny: Dataset) -> None:
    page = Selection.of(tiny.split("test")).page(2, 3)
    assert np.shares_memory(page.images, tiny.images)
    assert np.shares_memory(page.batch(layout="hwc").image, tiny.images)


@pytest.mark.parametrize("offset", [made.TRAIN, made.TRAIN + 1, 2**63 - 1])
@pytest.mark.parametrize("seed", [None, 1])
def test_a_page_at_or_past_the_end_is_empty(tiny: Dataset, offset: int, seed: int | None) -> None:
    page = chosen(tiny, "train", [], seed).page(offset, 100)
    assert len(page) == len(page.batch()) == 0
    assert page.batch().flat.shape == (0, made.HEIGHT * made.WIDTH)


@pytest.mark.parametrize("position", [-1, made.TEST, 2**63])
def test_a_position_that_is_not_there_is_unknown_and_the_bound_is_named(tiny: Dataset, position: int) -> None:
    with pytest.raises(Unknown, match="from 0 to 7"):
        Selection.of(tiny.split("test")).one(position)


@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_that_is_no_class_is_refused(tiny: Dataset, label: int) -> None:
    with pytest.raises(Refused, match=f"label must be a class of made, 0 to 3, not {label}"):
        Selection.of(tiny.split("train")).labelled([0, label])


def test_a_batch_tells_what_it_is(tiny: Dataset) -> None:
    batch = Selection.of(tiny.split("test")).batch(layout="chw", scale="unit")
    assert batch.facts == {
        "dataset": "made",
        "split": "test",
        "rev": tiny.rev,
        "layout": "chw",
        "scale": "unit",
        "peak": "10",
    }
    assert (batch.height, batch.width, batch.peak, len(batch)) == (made.HEIGHT, made.WIDTH, made.PEAK, made.TEST)


@given(made.datasets(), splits, choices, st.none() | st.integers(0, 9), st.slices(30))
def test_a_batch_gathers_any_slice_of_its_rows(
    data: Dataset, split: str, labels: list[int], seed: int | None, part: slice
) -> None:
    batch = chosen(data, split, labels, seed).batch(layout="chw", scale="unit")
    assert np.array_equal(batch[part].image, batch.image[part])
    assert np.array_equal(batch[part].label, batch.label[part])


def test_a_batch_reads_no_pixels_before_they_are_needed(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Selection.of(tiny.split("train")).shuffled(1).batch(scale="unit")
    assert batch.dtype == batch.image.dtype == np.float32
    monkeypatch.setattr(selection_module, "_take_rows", None)
    assert len(batch) == made.TRAIN
    with pytest.raises(TypeError):
        _ = batch.image


@given(st.integers(-5, 20), st.integers(-5, 20), st.integers(1, 4))
def test_positions_of_a_range_are_its_numbers(start: int, stop: int, step: int) -> None:
    for indices in (range(start, stop, step), range(start, stop, -step)):
        assert to_positions(indices).tolist() == list(indices)
