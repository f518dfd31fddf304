import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.batch import Batch, Layout, Pixels, to_layout
from service.formats.format import ANY_LAYOUT
from tests import made


@pytest.mark.parametrize(
    ("layout", "shape"), [("flat", (2, 15)), ("image", (2, 3, 5)), ("chw", (2, 1, 3, 5)), ("hwc", (2, 3, 5, 1))]
)
def test_a_layout_is_a_shape_over_the_same_memory(layout: Layout, shape: tuple[int, ...]) -> None:
    images, _ = made.values()
    two = to_layout(images[:2], layout)
    assert two.shape == shape
    assert np.shares_memory(two, images)
    assert two.tobytes() == images[:2].tobytes()


@given(made.batches(layouts=ANY_LAYOUT))
def test_flat_is_a_row_a_sample_whatever_the_layout(batch: Batch) -> None:
    assert batch.flat.shape == (len(batch), batch.height * batch.width)
    assert batch.flat.tobytes() == batch.image.tobytes()
    assert len(batch.columns) == batch.height * batch.width


@given(made.batches(layouts=ANY_LAYOUT), st.slices(5))
def test_a_slice_keeps_rows_together(batch: Batch, part: slice) -> None:
    some = batch[part]
    assert np.array_equal(some.index, batch.index[part])
    assert np.array_equal(some.label, batch.label[part])
    assert np.array_equal(some.image, batch.image[part])
    assert (some.height, some.width, some.peak, some.facts) == (batch.height, batch.width, batch.peak, batch.facts)


def lazy_batch() -> tuple[Batch, list[int]]:
    """A batch of 10 samples, and the list of how many rows each gathering took."""
    images, gathered = np.arange(60, dtype=np.uint8).reshape(10, 6), []

    def gather(part: slice) -> Pixels:
        rows = images[part]
        gathered.append(len(rows))
        return rows

    numbers = np.arange(10)
    batch = Batch(index=numbers, label=numbers, gather=gather, dtype=images.dtype, height=2, width=3, peak=60, facts={})
    return batch, gathered


def test_shape_dtype_and_slices_gather_no_rows() -> None:
    batch, gathered = lazy_batch()
    assert batch.shape == (10, 6)
    assert batch.dtype.name == "uint8"
    assert batch[2:5].shape == (3, 6)
    assert list(map(len, batch.blocks(12))) == [2] * 5
    assert not any(gathered)


def test_pixels_are_gathered_at_each_reading_and_not_stored() -> None:
    batch, gathered = lazy_batch()
    assert np.array_equal(batch[4:6].image, batch.image[4:6])
    assert sorted(gathered) == [2, 10]
    assert batch.image.tolist() == batch.image.tolist()
    assert sum(gathered) == 32


@given(made.batches(layouts=ANY_LAYOUT), st.integers(0, 60))
def test_blocks_are_the_batch_in_parts_that_are_small_enough(batch: Batch, values: int) -> None:
    pixels = batch.height * batch.width
    for _ in range(2):  # a batch can be read more than once
        blocks = list(batch.blocks(values))
        assert all(len(block) == 1 or len(block) * pixels <= values for block in blocks)
        assert [index for block in blocks for index in block.index] == batch.index.tolist()
        assert b"".join(block.image.tobytes() for block in blocks) == batch.image.tobytes()


@given(st.slices(10), st.slices(10), st.slices(6))
def test_slices_of_slices_are_those_of_arrays(first: slice, second: slice, third: slice) -> None:
    batch, _ = lazy_batch()
    some = batch[first][second][third]
    assert np.array_equal(some.image, batch.image[first][second][third])
    assert np.array_equal(some.index, batch.index[first][second][third])
