import io
import zipfile

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.formats.npz import archive

anything = st.sampled_from(["|u1", "<f4", "<i8"]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0))
)


@given(st.dictionaries(st.text("abcdefxyz_", min_size=1), anything, max_size=4))
def test_an_archive_is_a_sound_zip_that_numpy_reads_back(members: dict[str, np.ndarray]) -> None:
    body = archive(members)
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        assert file.testzip() is None
        assert file.namelist() == [f"{name}.npy" for name in members]
        assert all(info.compress_type == zipfile.ZIP_STORED for info in file.infolist())
    with np.load(io.BytesIO(body), allow_pickle=False) as found:
        for name, array in members.items():
            assert found[name].dtype == array.dtype
            assert found[name].shape == array.shape
            assert found[name].tobytes() == array.tobytes()
