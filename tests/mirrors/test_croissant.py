"""Croissant: the documents describe the files that are there, at the address that the client has used."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.data.dataset import Dataset
from service.mirrors.croissant.tables import TABLES
from tests.http.expect import assert_problem, stable_headers
from tests.sites import Answer, Site

ROOT = "/mirrors/croissant"

SPLITS = [(name, table.split) for name, tables in TABLES.items() for table in tables]


SOME = 37
"""Of the pictures, every so manyth is compared, since there are 70,000."""


def ask(site: Site, name: str, host: str) -> Answer:
    """A document as a client gets it that calls the server `host`."""
    with closing(HTTPConnection(urlsplit(site.url).netloc, timeout=60)) as connection:
        connection.request("GET", f"{ROOT}/{name}.json", headers={"Host": host})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def find(nodes: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The one object of this name."""
    (found,) = (node for node in nodes if node["@id"] == name)
    return found


def read_pixels(column: pa.ChunkedArray, field: dict[str, Any]) -> NDArray[np.uint8]:
    """The values of a field, as Croissant says that they are made of a column."""
    if field["dataType"] == "sc:ImageObject":
        key = field["source"]["transform"]["jsonPath"]
        return np.array([np.asarray(Image.open(io.BytesIO(one[key]))) for one in column.to_pylist()])
    assert (field["dataType"], field["repeated"]) == ("cr:UInt8", True)
    return np.array(column.to_pylist(), np.uint8)


@pytest.mark.parametrize("name", TABLES)
def test_sizes_and_checksums_are_those_of_the_files(live: Site, name: str) -> None:
    document = live.get(f"{ROOT}/{name}.json").json
    assert document["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert len(document["distribution"]) == len(TABLES[name])
    for file in document["distribution"]:
        assert file["contentUrl"].startswith(f"{live.url}/mirrors/")
        got = live.get(file["contentUrl"].removeprefix(live.url))
        assert got.status == 200
        assert file["contentSize"] == f"{len(got.body)} B"
        assert file["sha256"] == hashlib.sha256(got.body).hexdigest()
        assert file["@id"] == file["name"] == file["contentUrl"].rpartition("/")[2]


@pytest.mark.parametrize(("name", "split"), SPLITS)
def test_the_records_of_a_split_are_its_samples(live: Site, real: dict[str, Dataset], name: str, split: str) -> None:
    document = live.get(f"{ROOT}/{name}.json").json
    records = find(document["recordSet"], split)
    file = find(document["distribution"], records["field"][0]["source"]["fileObject"]["@id"])
    table = pq.read_table(io.BytesIO(live.get(file["contentUrl"].removeprefix(live.url)).body))
    pixels, label = records["field"]
    expected = real[name].split(split)
    assert table[label["source"]["extract"]["column"]].to_pylist() == expected.labels.tolist()
    found = read_pixels(table[pixels["source"]["extract"]["column"]].take(list(range(0, len(expected), SOME))), pixels)
    assert found.tobytes() == expected.images[::SOME].tobytes()


def list_references(node: Any) -> Iterator[str]:  # noqa: ANN401 - anything that JSON can hold
    """Every identifier that a document refers to."""
    if isinstance(node, list):
        for one in node:
            yield from list_references(one)
    elif isinstance(node, dict):
        if set(node) == {"@id"}:
            yield node["@id"]
        for one in node.values():
            yield from list_references(one)


@pytest.mark.parametrize("name", TABLES)
def test_whatever_is_referred_to_is_there_once(live: Site, name: str) -> None:
    document = live.get(f"{ROOT}/{name}.json").json
    nodes = [*document["distribution"], *document["recordSet"]]
    nodes += [field for records in document["recordSet"] for field in records["field"]]
    names = [node["@id"] for node in nodes]
    assert len(set(names)) == len(names)
    assert set(list_references({**document, "@context": {}})) <= set(names)


@pytest.mark.parametrize("name", TABLES)
def test_the_facts_are_those_of_the_card(live: Site, real: dict[str, Dataset], name: str) -> None:
    document, card = live.get(f"{ROOT}/{name}.json").json, real[name].card
    assert document["name"] == name
    assert 50 <= len(document["description"]) <= 5_000  # what search engines of datasets take
    assert document["url"] == f"{live.url}/v1/datasets/{name}"
    assert live.get(f"/v1/datasets/{name}").status == 200
    assert document["license"] == card.licence.url
    assert document["citeAs"] == card.citation
    assert [one["name"] for one in document["creator"]] == list(card.creators)
    assert document["datePublished"] == "1998-01-01"
    assert document["version"] == f"1.0.0+{real[name].rev}"
    classes = find(document["recordSet"], "classes")
    assert classes["dataType"] == "sc:Enumeration"
    assert [one["classes/name"] for one in classes["data"]] == list(card.classes)
    splits = find(document["recordSet"], "splits")
    assert splits["dataType"] == "cr:Split"
    assert [one["splits/name"] for one in splits["data"]] == [split for dataset, split in SPLITS if dataset == name]


def test_addresses_are_those_of_the_client(live: Site) -> None:
    here, there = ask(live, "digits", urlsplit(live.url).netloc), ask(live, "digits", "data.example.org:8080")
    assert here["ETag"] != there["ETag"]
    assert here.body.decode().replace(live.url, "http://data.example.org:8080") == there.body.decode()
    assert there.json["distribution"][0]["contentUrl"].startswith("http://data.example.org:8080/mirrors/")


def test_head_ranges_and_conditions_are_answered(live: Site) -> None:
    target = f"{ROOT}/digits.json"
    got, head = live.get(target), live.head(target)
    assert got["Content-Type"] == "application/ld+json"
    assert (head.status, head.body, stable_headers(head)) == (200, b"", stable_headers(got))
    assert got["Content-Length"] == str(len(got.body))
    part = live.get(target, {"Range": "bytes=-10"})
    assert (part.status, part.body) == (206, got.body[-10:])
    again = live.get(target, {"If-None-Match": got["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "name",
    ["fashion.json", "mnist", "mnist.json/", ".json", "../croissant/mnist.json", "%2e%2e/mnist.json", "/mnist.json"],
)
def test_what_is_missing_is_404(live: Site, name: str) -> None:
    assert_problem(live.get(f"{ROOT}/{name}"), "unknown-resource")


def test_a_dataset_that_is_not_served_has_no_document(site: Site) -> None:
    assert_problem(site.get(f"{ROOT}/mnist.json"), "unknown-resource")
