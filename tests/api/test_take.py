"""The rows of any list of indices: bodies as they may come."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.formats import ROW_FORMATS
from service.api.take import BYTES_PER_INDEX
from service.app import create_app
from service.data.dataset import Dataset
from service.data.selection import Selection
from service.formats import FORMATS
from service.http.body import LONGEST_DISCARDED
from service.settings import Settings
from tests import made, readers, sites

TAKE = "/v1/datasets/made/train/take"
JSON = {"Content-Type": "application/json"}
OCTETS = {"Content-Type": "application/octet-stream"}

positions = st.lists(st.integers(0, made.TRAIN - 1), max_size=30)


def as_json(indices: object) -> bytes:
    return json.dumps({"indices": indices}).encode()


def as_octets(indices: list[int]) -> bytes:
    return np.array(indices, "<i8").tobytes()


def take(site: sites.Site, indices: list[int], query: str = "", *, octets: bool = False) -> sites.Answer:
    if octets:
        return site.send("POST", TAKE + query, OCTETS, body=as_octets(indices))
    return site.send("POST", TAKE + query, JSON, body=as_json(indices))


@pytest.mark.parametrize("name", [media.name for media in ROW_FORMATS])
@given(indices=positions, octets=st.booleans())
@settings(max_examples=12)
def test_the_rows_come_in_the_order_asked_for_with_their_repeats_in_every_format(
    site: sites.Site, tiny: Dataset, name: str, indices: list[int], octets: bool
) -> None:
    answer = take(site, indices, f"?format={name}", octets=octets)
    assert answer.status == 200
    assert answer["Content-Type"] == FORMATS[name].media_type
    assert answer["Total-Count"] == str(len(indices))
    assert answer["Cache-Control"] == "no-store"
    assert answer.headers["ETag"] is None
    for reader in readers.READERS[name]:
        index, label, image = reader(answer.body)
        assert len(image) == len(indices)
        assert index is None or index.tolist() == indices
        assert label is None or label.tolist() == tiny.labels[indices].tolist()
        if indices:
            assert np.array_equal(image.reshape(-1, made.HEIGHT, made.WIDTH), tiny.images[indices])


@pytest.mark.parametrize("layout", ["flat", "image", "chw", "hwc"])
@pytest.mark.parametrize("scale", ["raw", "unit", "standard"])
def test_values_are_those_of_rows(site: sites.Site, tiny: Dataset, layout: str, scale: str) -> None:
    answer = take(site, [4, 4, 0], f"?format=npz&layout={layout}&scale={scale}")
    expected = Selection.of(tiny.split("train")).take(np.array([4, 4, 0]))
    batch = expected.batch(layout=layout, scale=scale)  # type: ignore[arg-type]
    found = readers.with_numpy_archive(answer.body)[2]
    assert (found.dtype, found.shape) == (batch.image.dtype, batch.image.shape)
    assert found.tobytes() == batch.image.tobytes()


def test_json_is_the_default_and_a_page_like_that_of_rows(site: sites.Site, tiny: Dataset) -> None:
    told = take(site, [3, 1]).json
    assert [row["index"] for row in told["rows"]] == [3, 1]
    assert told["total"] == 2
    assert told["rev"] == tiny.rev
    assert told["links"] == dict.fromkeys(("self", "first", "prev", "next", "last"))


def test_a_content_type_may_have_parameters_and_capitals(site: sites.Site) -> None:
    for kind in ("application/json; charset=utf-8", "Application/JSON"):
        assert site.send("POST", TAKE, {"Content-Type": kind}, body=as_json([1])).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonx"])
def test_a_body_of_another_type_is_415_and_the_types_are_named(site: sites.Site, kind: str) -> None:
    answer = site.send("POST", TAKE, {"Content-Type": kind}, body=as_json([1]))
    assert answer.status == 415
    assert "application/json" in answer.json["detail"]
    assert "application/octet-stream" in answer.json["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"[1, 2]",
        b"1",
        b"{}",
        b'{"indices": null}',
        b'{"indices": 3}',
        b'{"indices": "3"}',
        b'{"indices": {"0": 1}}',
        b'{"indices": [1], "more": 2}',
        b'{"Indices": [1]}',
        b'{"indices": [1.0]}',
        b'{"indices": [1.5]}',
        b'{"indices": [1e3]}',
        b'{"indices": [true]}',
        b'{"indices": [null]}',
        b'{"indices": ["1"]}',
        b'{"indices": [[1]]}',
        b'{"indices": [{}]}',
        b'{"indices": [NaN]}',
        b'{"indices": [Infinity]}',
        b'{"indices": [1',
        b'{"indices": [1]} {}',
        b'{"indices": [01]}',
        b'{"indices": [' + b"9" * 19 + b"]}",
        b'{"indices": [18446744073709551616]}',
        b'{"indices": [' + b"9" * 400 + b"]}",
        b'{"indices": [-9223372036854775809]}',
        b'{"indices": [23]}',
        b'{"indices": [-1]}',
        b'\xff\xfe{"indices": [1]}',
        b'{"indices": ["\xc3\x28"]}',
        b'{"indices": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_what_is_no_list_of_indices_is_422_in_the_one_shape(site: sites.Site, body: bytes) -> None:
    answer = site.send("POST", TAKE, JSON, body=body)
    assert answer.status == 422, answer.body
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    (error,) = answer.json["errors"]
    assert error["in"] == "body"
    assert error["name"] in ("body", "indices")
    assert error["reason"]


@pytest.mark.parametrize("size", [1, 7, 9, 23])
def test_octets_that_are_no_whole_integers_are_422(site: sites.Site, size: int) -> None:
    answer = site.send("POST", TAKE, OCTETS, body=bytes(size))
    assert answer.status == 422
    assert f"multiple of 8 bytes, not {size}" in answer.json["detail"]


@pytest.mark.parametrize("index", [-1, made.TRAIN, 2**63 - 1, -(2**63)])
def test_an_index_out_of_range_is_422_and_the_bounds_are_named(site: sites.Site, index: int) -> None:
    for octets in (False, True):
        answer = take(site, [0, index], octets=octets)
        assert answer.status == 422
        assert answer.json["errors"] == [
            {"in": "body", "name": "indices", "reason": f"must be from 0 to {made.TRAIN - 1}, not {index}"}
        ]


def test_more_rows_than_a_page_holds_are_413_and_the_bound_is_named() -> None:
    with sites.serving(create_app(Settings(text_limit=3, binary_limit=5), [made.source()])) as site:
        assert take(site, [0] * 3).status == 200
        assert take(site, [0] * 5, "?format=npy").status == 200
        for indices, query in (([0] * 4, ""), ([0] * 6, "?format=npy")):
            answer = take(site, indices, query)
            assert answer.status == 413
            assert answer.json["type"] == "/problems/too-large"
            assert f"at most {len(indices) - 1} rows" in answer.json["detail"]


@pytest.mark.parametrize("size", [BYTES_PER_INDEX * 10_000 + 1_025, LONGEST_DISCARDED - 1])
def test_a_body_that_is_too_long_is_413_though_it_is_heard_out(site: sites.Site, size: int) -> None:
    answer = site.send("POST", f"{TAKE}?format=npy", JSON, body=b" " * size)
    assert answer.status == 413
    assert "longer than" in answer.json["detail"]


@pytest.mark.parametrize("coding", ["gzip", "zstd", "GZIP", "identity, gzip", "x" * 500])
def test_a_compressed_body_is_415_and_says_so(site: sites.Site, coding: str) -> None:
    headers = {**JSON, "Content-Encoding": coding}
    answer = site.send("POST", TAKE, headers, body=gzip.compress(as_json([1])))
    assert answer.status == 415
    assert "content coding" in answer.json["detail"]
    assert site.send("POST", TAKE, {**JSON, "Content-Encoding": "identity"}, body=as_json([1])).status == 200


def test_a_table_takes_no_other_layout(site: sites.Site) -> None:
    for name in ("json", "ndjson", "csv", "parquet"):
        answer = take(site, [1], f"?format={name}&layout=chw")
        assert answer.status == 422
        assert answer.json["errors"][0]["name"] == "layout"


@pytest.mark.parametrize("query", ["offset=1", "limit=1", "label=1", "seed=1", "batch_size=1"])
def test_parameters_that_would_choose_rows_are_refused(site: sites.Site, query: str) -> None:
    answer = take(site, [1], f"?{query}")
    assert answer.status == 422
    assert "not a parameter here" in answer.json["detail"]


def test_the_revision_is_compared_and_other_refusals_come_before(site: sites.Site, tiny: Dataset) -> None:
    assert take(site, [1], f"?rev={tiny.rev}").status == 200
    assert take(site, [1], "?rev=000000000000").status == 409
    assert take(site, [-1], "?rev=000000000000").status == 422
    assert take(site, [1], "?format=png").status == 406
    assert site.send("POST", "/v1/datasets/made/none/take", JSON, body=as_json([1])).status == 404
    answer = site.get(TAKE)
    assert (answer.status, answer["Allow"]) == (405, "OPTIONS, POST")
