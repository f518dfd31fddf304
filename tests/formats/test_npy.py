import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.formats.npy import header


@given(arrays.array_shapes(min_dims=0, max_dims=4, min_side=0), st.sampled_from(["|u1", "<f4", "<i8"]))
def test_the_header_is_byte_for_byte_numpys_own(shape: tuple[int, ...], dtype: str) -> None:
    file = io.BytesIO()
    array = np.zeros(shape, dtype)
    np.save(file, array)
    assert header(array.dtype, array.shape) + array.tobytes() == file.getvalue()
