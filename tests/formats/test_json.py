import json

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data.batch import Batch
from service.data.dataset import Dataset
from service.data.scale import Scale
from service.data.selection import Selection
from service.formats import json as json_format
from service.formats.csv import CSV
from service.formats.format import PIECE, Format
from service.formats.json import JSON, rows
from service.formats.ndjson import NDJSON
from tests import made


@given(made.batches(layouts=JSON.layouts))
def test_a_row_is_an_object_with_all_its_pixels(batch: Batch) -> None:
    found = json.loads(bytes(JSON.encode(batch)))
    assert len(found) == len(batch)
    for row in found:
        assert list(row) == ["index", "label", "pixels"]
        assert np.size(row["pixels"]) == batch.height * batch.width


def test_raw_pixels_are_written_as_integers_and_scaled_ones_as_the_shortest_float32() -> None:
    images, labels = made.values()
    data = made.dataset(images, labels)
    raw, unit = (Selection.of(data.split("train")).page(0, 1).batch(scale=scale) for scale in ("raw", "unit"))
    assert all(isinstance(pixel, int) for pixel in json.loads(bytes(JSON.encode(raw)))[0]["pixels"])
    assert b"0.1," in bytes(JSON.encode(unit))  # and not 0.10000000149011612
    assert np.float32(0.1) in unit.image


@given(made.batches(layouts=JSON.layouts), st.sampled_from([1, 20, 10**6]))
def test_blocks_are_joined_to_the_text_that_one_call_writes(batch: Batch, values: int) -> None:
    expected = orjson.dumps(rows(batch), option=orjson.OPT_SERIALIZE_NUMPY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_format, "RAW_VALUES", values)
        patch.setattr(json_format, "SCALED_VALUES", values)
        assert JSON.encode(batch) == expected


@pytest.mark.parametrize("media", [JSON, NDJSON, CSV], ids=["json", "ndjson", "csv"])
@pytest.mark.parametrize("scale", ["raw", "standard"])
def test_no_call_writes_more_than_a_few_rows_because_it_holds_the_interpreters_lock(
    mnist: Dataset, media: Format, scale: Scale, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest, dumps = 0, orjson.dumps

    def measure(value: object, *, option: int) -> bytes:
        nonlocal longest
        text = dumps(value, option=option)
        longest = max(longest, len(text))
        return text

    monkeypatch.setattr(orjson, "dumps", measure)
    media.encode(Selection.of(mnist.split("test")).page(0, 1_000).batch(scale=scale))
    assert 1_000 < longest <= 4 * PIECE
