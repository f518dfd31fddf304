"""OpenML: scikit-learn's `fetch_openml` reads the mirror, files hold the samples, and what is missing is 412."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from sklearn.datasets import _openml as scikit_learn
from sklearn.datasets import fetch_openml

from service.data.dataset import Dataset
from service.mirrors.openml import MIRROR, SCIKIT_LEARN
from service.mirrors.openml.endpoints import ROOT, arff_path, parquet_path
from service.mirrors.openml.entries import ENTRIES, Entry
from tests.http.expect import assert_problem, stable_headers
from tests.sites import Answer, Site

JSON, XML = f"{ROOT}/api/v1/json", f"{ROOT}/api/v1/xml"

MNIST, DIGITS = ENTRIES.values()

NAMESPACE = {"oml": "http://openml.org/openml"}

every_entry = pytest.mark.parametrize("entry", [MNIST, DIGITS], ids=lambda entry: entry.name)


def hash_values(values: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, np.uint8).data).hexdigest()


def assert_samples(images: NDArray[Any], labels: NDArray[Any], dataset: Dataset) -> None:
    digests = dataset.split("all").digests
    assert (hash_values(images), hash_values(labels)) == (digests["images"], digests["labels"])


@pytest.fixture
def pointed(live: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """scikit-learn with the addresses of the mirror, as its recipe has it."""
    for name in ("_SEARCH_NAME", "_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES"):
        address = getattr(scikit_learn, name)
        monkeypatch.setattr(scikit_learn, name, address.replace("https://www.openml.org", live.url + ROOT))


# --- scikit-learn ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("pointed")
@pytest.mark.parametrize("parser", ["pandas", "liac-arff"])
@pytest.mark.parametrize("asked", [{"name": "digits", "version": 1}, {"name": "Digits"}, {"data_id": DIGITS.number}])
def test_scikit_learn_fetches_the_digits(digits: Dataset, tmp_path: Path, asked: dict[str, Any], parser: str) -> None:
    bunch = fetch_openml(**asked, data_home=tmp_path, parser=parser, as_frame=True)
    assert_samples(bunch.data.to_numpy(), bunch.target.astype(int).to_numpy(), digits)
    assert isinstance(bunch.target.dtype, pd.CategoricalDtype)
    assert list(bunch.frame.columns) == list(DIGITS.columns)
    arrays = fetch_openml(**asked, data_home=tmp_path, parser=parser, as_frame=False)
    assert_samples(arrays.data, arrays.target.astype(int), digits)


@pytest.mark.usefixtures("pointed")
def test_scikit_learn_finds_mnist_by_name_and_by_number(tmp_path: Path) -> None:
    found = scikit_learn._get_data_info_by_name("mnist_784", 1, str(tmp_path))
    assert found["did"] == 554
    described = scikit_learn._get_data_description_by_id(554, str(tmp_path))
    assert (described["id"], described["file_id"], described["status"]) == ("554", "52667", "active")
    assert described["url"].endswith(f"{ROOT}/data/v1/download/52667/mnist_784.arff")
    qualities = scikit_learn._get_data_qualities(554, str(tmp_path))
    assert scikit_learn._get_num_samples(qualities) == 70_000


@pytest.mark.usefixtures("pointed")
def test_scikit_learn_tells_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(scikit_learn.OpenMLError, match="Dataset nothing with version 1 not found"):
        fetch_openml("nothing", version=1, data_home=tmp_path)
    with pytest.raises(scikit_learn.OpenMLError, match="data_id 28 not found"):
        fetch_openml(data_id=28, data_home=tmp_path)


@pytest.mark.parametrize("host", ["https://www.openml.org/", "https://api.openml.org/"])
def test_the_recipe_replaces_every_address_of_scikit_learn(
    live: Site, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    names = ("_SEARCH_NAME", "_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES")
    expected = {}
    for name in names:
        path = getattr(scikit_learn, name).split("/", 3)[3]
        monkeypatch.setattr(scikit_learn, name, host + path)
        expected[name] = f"{live.url}{ROOT}/{path}"
    exec(SCIKIT_LEARN.replace("{base}", live.url).partition("\nmnist = ")[0], {})  # noqa: S102 - ours
    assert {name: getattr(scikit_learn, name) for name in names} == expected


def test_the_recipe_sets_the_prefix_of_older_releases_of_scikit_learn(
    live: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scikit_learn, "_OPENML_PREFIX", "https://api.openml.org/", raising=False)
    monkeypatch.setattr(scikit_learn, "_DATA_INFO", "api/v1/json/data/{}")
    exec(SCIKIT_LEARN.replace("{base}", live.url).partition("\nmnist = ")[0], {})  # noqa: S102 - ours
    address = scikit_learn._OPENML_PREFIX + scikit_learn._DATA_INFO.format(554)
    assert live.get(address.removeprefix(live.url)).json["data_set_description"]["name"] == "mnist_784"


# --- files -----------------------------------------------------------------------------------------------------------


def find_dataset(entry: Entry, real: dict[str, Dataset]) -> Dataset:
    return real[entry.card.name]


@every_entry
def test_the_arff_has_every_sample_and_the_checksum_of_its_description(
    live: Site, real: dict[str, Dataset], entry: Entry
) -> None:
    body = live.get(arff_path(entry)).body
    described = live.get(f"{JSON}/data/{entry.number}").json["data_set_description"]
    assert hashlib.md5(body, usedforsecurity=False).hexdigest() == described["md5_checksum"]
    header, _, rows = body.partition(b"\n@DATA\n")
    lines = header.decode().splitlines()
    assert lines[0] == f"@RELATION {entry.name}"
    assert lines[2:-1] == [f"@ATTRIBUTE {name} real" for name in entry.pixels]
    assert lines[-1] == "@ATTRIBUTE class {'0','1','2','3','4','5','6','7','8','9'}"
    first = next(csv.reader([rows[: rows.index(b"\n")].decode()], quotechar="'"))
    dataset = find_dataset(entry, real)
    assert first == [*map(str, dataset.images[0].ravel().tolist()), str(dataset.labels[0])]
    table = np.loadtxt(rows.replace(b"'", b"").splitlines()[:2_000], delimiter=",", dtype=np.uint8)
    assert np.array_equal(table[:, :-1], dataset.images[:2_000].reshape(-1, entry.card.pixels))
    assert rows.count(b"\n") == entry.samples
    numbers = np.fromstring(rows.replace(b"'", b"").replace(b"\n", b",").rstrip(b",").decode(), np.uint8, sep=",")
    table = numbers.reshape(entry.samples, -1)
    assert_samples(table[:, :-1], table[:, -1], dataset)


@every_entry
def test_the_parquet_file_has_every_sample_as_a_table(live: Site, real: dict[str, Dataset], entry: Entry) -> None:
    table = pq.read_table(pa.BufferReader(live.get(parquet_path(entry)).body))
    assert table.column_names == list(entry.columns)
    assert isinstance(table.schema.field("class").type, pa.DictionaryType)
    images = np.column_stack([table[name].to_numpy() for name in entry.pixels])
    labels = np.array(table["class"].cast(pa.string()).to_pylist(), np.uint8)
    assert_samples(images, labels, find_dataset(entry, real))


def test_an_older_client_finds_the_file_by_its_number_alone(live: Site) -> None:
    named, numbered = (live.head(path) for path in (arff_path(MNIST), arff_path(MNIST).rpartition("/")[0]))
    assert (named.status, numbered.status) == (200, 200)
    assert stable_headers(named) == stable_headers(numbered)  # with the entity tag: it is built once


# --- the interface ---------------------------------------------------------------------------------------------------


def parse(answer: Answer) -> ET.Element:
    return ET.fromstring(answer.body)  # noqa: S314 - ours


def texts(answer: Answer, path: str) -> list[str | None]:
    return [one.text for one in parse(answer).findall(path, NAMESPACE)]


@every_entry
def test_xml_says_what_json_says(live: Site, entry: Entry) -> None:
    described, written = (live.get(f"{root}/data/{entry.number}") for root in (JSON, XML))
    assert (written["Content-Type"], described["Content-Type"]) == ("text/xml; charset=utf-8", "application/json")
    root = parse(written)
    assert root.tag == "{http://openml.org/openml}data_set_description"
    values = described.json["data_set_description"]
    pairs = [(name, one) for name, value in values.items() for one in (value if isinstance(value, list) else [value])]
    assert [(child.tag.rpartition("}")[2], child.text) for child in root] == pairs


@every_entry
def test_features_are_the_columns_in_their_order(live: Site, entry: Entry) -> None:
    features = live.get(f"{JSON}/data/features/{entry.number}").json["data_features"]["feature"]
    assert [one["name"] for one in features] == list(entry.columns)
    assert [one["index"] for one in features] == [str(index) for index in range(len(features))]
    assert [one["name"] for one in features if one["is_target"] == "true"] == ["class"]
    assert features[-1]["nominal_value"] == list("0123456789")
    answer = live.get(f"{XML}/data/features/{entry.number}")
    assert texts(answer, "oml:feature/oml:name") == list(entry.columns)
    assert texts(answer, "oml:feature/oml:nominal_value") == list("0123456789")


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ("", [554, DIGITS.number]),
        ("/", [554, DIGITS.number]),
        ("/data_name/mnist_784/limit/2/data_version/1", [554]),
        ("/data_name/mnist_784/limit/2/status/active/", [554]),
        ("/data_name/MNIST_784", [554]),
        ("/status/all/limit/10000/offset/1", [DIGITS.number]),
        ("/limit/1", [554]),
        (f"/data_id/{DIGITS.number},7", [DIGITS.number]),
    ],
)
def test_filters_choose_datasets_in_any_order(live: Site, filters: str, numbers: list[int]) -> None:
    found = live.get(f"{JSON}/data/list{filters}").json["data"]["dataset"]
    assert [one["did"] for one in found] == numbers
    assert texts(live.get(f"{XML}/data/list{filters}"), "oml:dataset/oml:did") == list(map(str, numbers))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/data/28", 111),
        ("/data/0554x", 111),
        ("/data/-1", 111),
        (f"/data/{'9' * 400}", 111),
        ("/data/features/28", 271),
        ("/data/qualities/28", 361),
        ("/data/list/data_name", 370),
        ("/data/list/tag/images", 370),
        ("/data/list/limit/many", 370),
        ("/data/list/data_name/nothing", 372),
        ("/data/list/data_name/mnist_784/data_version/2", 372),
        ("/data/list/status/deactivated", 372),
        ("/data/list/offset/2", 372),
        ("/data/list/limit/0", 372),
        ("/task/3", 100),
        ("/data/unknown/554", 100),
    ],
)
def test_what_is_missing_is_412_with_the_code_of_openml(live: Site, path: str, code: int) -> None:
    answer = live.get(JSON + path)
    assert (answer.status, answer["Content-Type"], answer["Cache-Control"]) == (412, "application/json", "no-store")
    assert answer.json["error"]["code"] == str(code)
    assert answer.json["error"]["message"]
    answer = live.get(XML + path)
    assert (answer.status, answer["Content-Type"]) == (412, "text/xml; charset=utf-8")
    assert texts(answer, "oml:code") == [str(code)]


@pytest.mark.parametrize("path", ["/task%01", "/data/list/%1B/1", "/data/list/tag%00", "/task%EF%BF%BE%FF"])
def test_an_error_is_well_formed_whatever_was_asked(live: Site, path: str) -> None:
    for root in (JSON, XML):
        assert live.get(root + path).status == 412
    [message] = texts(live.get(XML + path), "oml:message")
    assert message is not None
    assert "\N{REPLACEMENT CHARACTER}" in message


def test_other_paths_are_problems(live: Site) -> None:
    for path in (f"{ROOT}/api/v1/yaml/data/554", f"{ROOT}/data/v1/download/1", f"{ROOT}/datasets/0000/0555/x.pq", ROOT):
        assert_problem(live.get(path), "unknown-resource")


def test_parameters_that_clients_send_besides_change_nothing(live: Site) -> None:
    plain, keyed = (live.get(f"{XML}/data/features/554{query}") for query in ("", "?api_key=c1994"))
    assert (plain.body, plain["ETag"]) == (keyed.body, keyed["ETag"])


def test_a_description_names_the_host_that_was_asked(live: Site) -> None:
    tags = set()
    for host in ("a.test", "b.test:81", "a.test"):
        request = Request(f"{live.url}{JSON}/data/{DIGITS.number}", headers={"Host": host})
        with urlopen(request) as answer:
            described = json.load(answer)["data_set_description"]
            tags.add(answer.headers["ETag"])
        assert described["url"].startswith(f"http://{host}{ROOT}/data/")
        assert described["parquet_url"].startswith(f"http://{host}{ROOT}/datasets/")
    assert len(tags) == 2


@pytest.mark.parametrize("path", [f"{XML}/data/554", f"{JSON}/data/qualities/554", f"{XML}/data/list"])
def test_head_and_conditions(live: Site, path: str) -> None:
    answer = live.get(path)
    assert stable_headers(live.head(path)) == stable_headers(answer)
    assert live.get(path, {"If-None-Match": answer["ETag"]}).status == 304


def test_datasets_that_are_not_served_are_not_listed(site: Site) -> None:
    assert site.get(f"{JSON}/data/list").json["error"]["code"] == "372"
    assert site.get(f"{JSON}/data/554").status == 412
    assert_problem(site.get(parquet_path(MNIST)), "unknown-resource")


def test_every_recipe_is_of_this_service() -> None:
    assert all("{base}" in recipe.code for recipe in MIRROR.recipes)
    assert json.dumps([recipe.code for recipe in MIRROR.recipes]).count("{base}") == len(MIRROR.recipes)
