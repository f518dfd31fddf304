import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.batch import Batch, Layout, to_layout
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
