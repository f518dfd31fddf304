import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from service.formats import webp

pictures = st.sampled_from([(), (3,)]).flatmap(
    lambda colours: arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), *map(st.just, colours)))
)


@given(pictures)
def test_a_webp_loses_nothing(picture: NDArray[np.uint8]) -> None:
    with Image.open(io.BytesIO(webp.encode(picture))) as image:
        assert image.format == "WEBP"
        expected = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
        assert np.array_equal(np.asarray(image.convert("RGB")), expected)
