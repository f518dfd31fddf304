import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits_client.arrow import Rows, TruncatedStream, read_stream
from service.data.batch import Layout
from service.data.dataset import Dataset
from service.data.scale import Scale
from service.data.selection import Selection
from service.formats.arrow import stream
from tests import made


def written(data: Dataset, sizes: list[int], layout: Layout, scale: Scale) -> bytes:
    """A stream of record batches of so many rows each, from the front."""
    selection, parts = Selection.of(data, "all"), []
    for start, size in enumerate(sizes):
        parts.append(selection.page(start, size).batch(layout=layout, scale=scale))
    return b"".join(map(bytes, stream(parts)))


def read(content: bytes, dtype: str, shape: tuple[int, ...]) -> list[Rows]:
    return list(read_stream(io.BytesIO(content), np.dtype(dtype), shape))


@given(
    data=made.datasets(),
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    layout=st.sampled_from(["flat", "image", "chw", "hwc"]),
    scale=st.sampled_from(["raw", "unit"]),
)
def test_what_is_read_is_what_the_service_wrote(data: Dataset, sizes: list[int], layout: Layout, scale: Scale) -> None:
    selection = Selection.of(data, "all")
    kind = selection.batch(layout=layout, scale=scale).image
    found = read(written(data, sizes, layout, scale), kind.dtype.str, kind.shape[1:])
    assert len(found) == len(sizes)
    for start, (size, rows) in enumerate(zip(sizes, found, strict=True)):
        batch = selection.page(start, size).batch(layout=layout, scale=scale)
        for mine, theirs in ((rows.index, batch.index), (rows.label, batch.label), (rows.image, batch.image)):
            assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
            assert mine.tobytes() == theirs.tobytes()
            assert mine.flags.writeable


@given(st.data())
@settings(max_examples=200)
def test_half_a_stream_is_no_stream_wherever_it_ends(tiny: Dataset, draw: st.DataObject) -> None:
    whole = written(tiny, [3, 3, 1], "image", "raw")
    end = draw.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(TruncatedStream):
        read(whole[:end], "u1", (made.HEIGHT, made.WIDTH))


def test_other_bytes_are_no_stream() -> None:
    with pytest.raises(TruncatedStream, match="no Arrow stream"):
        read(b"<!doctype html><html></html>", "u1", (3, 5))
    with pytest.raises(TruncatedStream):
        read(struct.pack("<Ii", 0xFFFFFFFF, 8) + bytes(8), "u1", (3, 5))


def test_rows_outlive_the_stream_and_one_another(tiny: Dataset) -> None:
    found = read(written(tiny, [4, 4], "image", "raw"), "u1", (made.HEIGHT, made.WIDTH))
    before = found[1].image.copy()
    found[0].image[:] = 99
    assert np.array_equal(found[1].image, before)
