import json

from hypothesis import given
from hypothesis import strategies as st

from service.data.batch import Batch
from service.formats.json import JSON
from service.formats.ndjson import NDJSON
from tests import made


@given(made.batches(layouts=NDJSON.layouts))
def test_every_line_is_a_row_of_json_and_ends_in_a_newline(batch: Batch) -> None:
    body = bytes(NDJSON.encode(batch))
    assert body.count(b"\n") == len(batch)
    assert not body or body.endswith(b"\n")
    assert [json.loads(line) for line in body.splitlines()] == json.loads(bytes(JSON.encode(batch)))


@given(made.batches(layouts=NDJSON.layouts), st.integers(0, 5))
def test_files_can_be_joined(batch: Batch, cut: int) -> None:
    assert bytes(NDJSON.encode(batch[:cut])) + bytes(NDJSON.encode(batch[cut:])) == bytes(NDJSON.encode(batch))
