import json

import numpy as np
from hypothesis import given

from service.data.batch import Batch
from service.data.selection import Selection
from service.formats.json import JSON
from tests import made


@given(made.batches(layouts=JSON.layouts))
def test_a_row_is_an_object_with_all_its_pixels(batch: Batch) -> None:
    rows = json.loads(bytes(JSON.encode(batch)))
    assert len(rows) == len(batch)
    for row in rows:
        assert list(row) == ["index", "label", "pixels"]
        assert np.size(row["pixels"]) == batch.height * batch.width


def test_raw_pixels_are_written_as_integers_and_scaled_ones_as_the_shortest_float32() -> None:
    images, labels = made.values()
    data = made.dataset(images, labels)
    raw, unit = (Selection.of(data.split("train")).page(0, 1).batch(scale=scale) for scale in ("raw", "unit"))
    assert all(isinstance(pixel, int) for pixel in json.loads(bytes(JSON.encode(raw)))[0]["pixels"])
    assert b"0.1," in bytes(JSON.encode(unit))  # and not 0.10000000149011612
    assert np.float32(0.1) in unit.image
