import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.data.batch import Layout
from service.data.dataset import Dataset
from service.data.scale import Scale
from service.data.selection import Selection
from service.formats.npz import NPZ, Member, join_archive, write_archive
from tests import made

anything = st.sampled_from(["|u1", "<f4", "<i8"]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0))
)


@given(st.dictionaries(st.text("abcdefxyz_", min_size=1), anything, max_size=4))
def test_an_archive_is_a_sound_zip_that_numpy_reads_back(members: dict[str, np.ndarray]) -> None:
    body = b"".join(write_archive([Member.of(name, array) for name, array in members.items()]))
    assert body == join_archive([Member.of(name, array) for name, array in members.items()])
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        assert file.testzip() is None
        assert file.namelist() == [f"{name}.npy" for name in members]
        assert all(info.compress_type == zipfile.ZIP_STORED for info in file.infolist())
    with np.load(io.BytesIO(body), allow_pickle=False) as found:
        for name, array in members.items():
            assert found[name].dtype == array.dtype
            assert found[name].shape == array.shape
            assert found[name].tobytes() == array.tobytes()


@given(st.data())
def test_the_parts_of_a_stream_make_the_file_of_the_whole(draw: st.DataObject) -> None:
    batch = draw.draw(made.batches(layouts=NPZ.layouts))
    cut = draw.draw(st.integers(0, len(batch)))
    assert NPZ.stream is not None
    assert b"".join(NPZ.stream([batch[:cut], batch[cut:]])) == bytes(NPZ.encode(batch))


@pytest.mark.parametrize("layout", ["flat", "image", "chw", "hwc"])
@pytest.mark.parametrize("scale", ["raw", "unit", "standard"])
def test_a_whole_split_is_streamed_as_it_is_encoded(digits: Dataset, layout: Layout, scale: Scale) -> None:
    selection = Selection.of(digits.split("all"))
    assert NPZ.stream is not None
    parts = (selection.page(start, 500).batch(layout=layout, scale=scale) for start in range(0, len(selection), 500))
    assert b"".join(NPZ.stream(parts)) == bytes(NPZ.encode(selection.batch(layout=layout, scale=scale)))
