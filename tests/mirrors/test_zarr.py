"""Zarr: the chunks add up to the arrays, the metadata is what zarr-python writes, and what is missing is 404."""

import hashlib
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.data.card import Card
from service.data.dataset import Dataset
from service.mirrors.zarr import CHUNKED, MIRROR, view_images
from tests.http.expect import stable_headers
from tests.mirrors.expect import assert_nothing_at
from tests.sites import Site

ROOT = "/mirrors/zarr"

NAMES = [card.name for card, _ in CHUNKED]


def read_array(site: Site, name: str, metadata: dict[str, Any]) -> NDArray[np.uint8]:
    """All values of an array, by the rules of the specification alone."""
    shape, chunk = metadata["shape"], metadata["chunk_grid"]["configuration"]["chunk_shape"]
    separator = metadata["chunk_key_encoding"]["configuration"]["separator"]
    values = np.empty(shape, metadata["data_type"])
    for position in product(*(range(-(-whole // part)) for whole, part in zip(shape, chunk, strict=True))):
        answer = site.get(f"{ROOT}/{name}/{separator.join(['c', *map(str, position)])}")
        assert (answer.status, answer["Content-Type"]) == (200, "application/octet-stream")
        place = tuple(slice(at * part, (at + 1) * part) for at, part in zip(position, chunk, strict=True))
        values[place] = np.frombuffer(answer.body, metadata["data_type"]).reshape(chunk)[
            tuple(slice(0, size) for size in values[place].shape)
        ]
    return values


@pytest.mark.parametrize("name", NAMES)
def test_the_chunks_are_the_arrays(live: Site, real: dict[str, Dataset], name: str) -> None:
    group = live.get(f"{ROOT}/{name}.zarr/zarr.json").json
    arrays = group["consolidated_metadata"]["metadata"]
    images = read_array(live, f"{name}.zarr/images", arrays["images"])
    labels = read_array(live, f"{name}.zarr/labels", arrays["labels"])
    digest = hashlib.sha256(images.tobytes())
    digest.update(labels.tobytes())
    assert digest.hexdigest() == real[name].digest == group["attributes"]["sha256"]


@pytest.mark.parametrize("name", NAMES)
def test_the_metadata_of_an_array_is_the_same_in_the_group_and_beside_the_array(live: Site, name: str) -> None:
    group = live.get(f"{ROOT}/{name}.zarr/zarr.json")
    assert group["Content-Type"] == "application/json"
    arrays = group.json["consolidated_metadata"]["metadata"]
    assert list(arrays) == ["images", "labels"]
    for array, metadata in arrays.items():
        assert live.get(f"{ROOT}/{name}.zarr/{array}/zarr.json").json == metadata


def test_the_metadata_of_mnist_is_that_of_the_contract(live: Site) -> None:
    images = live.get(f"{ROOT}/mnist.zarr/images/zarr.json").json
    assert images == {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [70_000, 28, 28],
        "data_type": "uint8",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1_000, 28, 28]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [{"name": "bytes"}],
        "attributes": {"value_range": [0, 255]},
        "dimension_names": ["sample", "row", "column"],
        "storage_transformers": [],
    }
    labels = live.get(f"{ROOT}/mnist.zarr/labels/zarr.json").json
    assert labels["shape"] == labels["chunk_grid"]["configuration"]["chunk_shape"] == [70_000]
    assert labels["dimension_names"] == ["sample"]


@pytest.mark.parametrize("name", NAMES)
def test_the_attributes_tell_what_a_user_of_the_arrays_must_know(
    live: Site, real: dict[str, Dataset], name: str
) -> None:
    group, card = live.get(f"{ROOT}/{name}.zarr/zarr.json").json, real[name].card
    attributes = group["attributes"]
    assert (group["zarr_format"], group["node_type"]) == (3, "group")
    assert attributes["splits"] == {split: [span.start, span.stop] for split, span in card.splits.items()}
    assert attributes["classes"] == list(card.classes)
    assert attributes["rev"] == real[name].rev
    assert attributes["license"]["url"] == card.licence.url
    assert attributes["citation"] == card.citation


@pytest.mark.parametrize(("card", "rows"), CHUNKED, ids=NAMES)
def test_chunks_fit_without_padding(real: dict[str, Dataset], card: Card, rows: int) -> None:
    assert len(real[card.name].images) % rows == 0


def test_a_chunk_is_no_copy(mnist: Dataset) -> None:
    assert np.shares_memory(np.frombuffer(view_images(mnist, 69_000, 1_000), np.uint8), mnist.images[69_000:])


def test_parts_of_chunks_are_sent(live: Site, mnist: Dataset) -> None:
    target, whole = f"{ROOT}/mnist.zarr/images/c/69/0/0", mnist.images[69_000:].tobytes()
    for asked, expected in (
        ("bytes=784-1567", whole[784:1568]),
        ("bytes=783216-", whole[783_216:]),
        ("bytes=-784", whole[-784:]),
        ("bytes=783999-999999", whole[-1:]),
    ):
        answer = live.get(target, {"Range": asked, "Accept-Encoding": "gzip, zstd"})
        assert (answer.status, answer.body) == (206, expected)
    outside = live.get(target, {"Range": "bytes=784000-"})
    assert (outside.status, outside["Content-Range"]) == (416, "bytes */784000")


@pytest.mark.parametrize("key", ["zarr.json", "labels/zarr.json", "labels/c/0", "images/c/3/0/0"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_head_and_conditions_are_answered(live: Site, key: str, coding: str) -> None:
    target, accepted = f"{ROOT}/mnist.zarr/{key}", {"Accept-Encoding": coding}
    got, head = live.get(target, accepted), live.head(target, accepted)
    assert (head.status, head.body) == (200, b"")
    assert stable_headers(head) == stable_headers(got)
    assert got["Content-Length"] == str(len(got.body))
    assert ("Content-Encoding" in got.headers) == (coding == "gzip" and key.endswith(".json"))
    again = live.get(target, {**accepted, "If-None-Match": got["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "key",
    [
        ".zarray",
        ".zattrs",
        ".zgroup",
        ".zmetadata",
        "",
        "c/0",
        "images",
        "images/.zarray",
        "images/0.0.0",
        "images/c",
        "images/c/0",
        "images/c/0/0/1",
        "images/c/70/0/0",
        "images/c/-1/0/0",
        "images/c/00/0/0",
        "images/c/0/0/0/",
        "images//c/0/0/0",
        "images/../images/zarr.json",
        "%2e%2e/mnist.zarr/zarr.json",
        "labels/c/1",
        "pixels/zarr.json",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_missing_is_404(live: Site, key: str, method: str) -> None:
    assert_nothing_at(live, method, f"{ROOT}/mnist.zarr/{key}")


def test_every_key_has_its_own_etag(live: Site) -> None:
    assert len({live.head(path)["ETag"] for path in MIRROR.files}) == len(MIRROR.files) == 70 + 1 + 2 * 4
