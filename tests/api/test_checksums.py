"""The record of checksums: it is that of the files, and only while the same libraries encode them."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from service import __version__
from service.api import checksums
from service.api.cards import build_split_card
from service.api.checksums import ENCODED_BY, compute_checksum, find_checksum, name_file, read_record, write_record
from service.api.downloads import encode_file
from service.api.formats import FILE_FORMATS
from service.api.queries import FileQuery
from service.data.catalog import Catalog
from service.data.choice import Choice
from service.data.dataset import Dataset
from service.formats import ENCODERS
from service.package import read_file
from tests import sites
from tests.http.test_request import request_of

QUICK = ("arrow", "arrows", "npz")
"""Files of 70,000 samples that are encoded in no time."""

FILES = [
    *[("digits", "all", suffix) for suffix in FILE_FORMATS],
    *[("mnist", "test", suffix) for suffix in FILE_FORMATS],
    *[("mnist", split, suffix) for split in ("train", "all") for suffix in QUICK],
]

every_file = pytest.mark.parametrize(("dataset", "split", "suffix"), FILES, ids=map(" ".join, FILES))


def committed_record() -> Any:  # noqa: ANN401 - JSON
    """The record as it is committed."""
    return json.loads(read_file(checksums.RECORD))


@every_file
def test_the_record_is_that_of_the_files(real: dict[str, Dataset], dataset: str, split: str, suffix: str) -> None:
    one = real[dataset].split(split)
    assert compute_checksum(one, suffix) == find_checksum(one, suffix), "run `make checksums` and commit the record"


def test_the_record_has_every_file_of_the_data_that_is_served(real: dict[str, Dataset]) -> None:
    splits = [split for data in real.values() for split in data.splits.values()]
    assert set(read_record()) == {name_file(split, suffix) for split in splits for suffix in FILE_FORMATS}
    assert all(len(one) == 64 for one in read_record().values())
    assert len(set(read_record().values())) == len(read_record())


def test_the_record_says_what_encoded_the_files() -> None:
    record = committed_record()
    assert record["encoded_by"] == ENCODED_BY
    release, *libraries = ENCODED_BY.split(";")
    assert release == __version__
    assert {one.partition(" ")[0] for one in libraries} == {"pyarrow", "orjson"}
    assert set(libraries) <= set(ENCODERS.split(";"))


def test_the_record_is_written_as_it_is_committed(digits: Dataset) -> None:
    written = write_record(Catalog({"digits": digits}))
    committed = committed_record()
    assert json.loads(written) == {
        "encoded_by": committed["encoded_by"],
        "sha256": {name: one for name, one in committed["sha256"].items() if name.startswith("digits/")},
    }
    assert written == json.dumps(json.loads(written), indent=2) + "\n"


def test_a_checksum_is_that_of_all_pieces_together(tiny: Dataset) -> None:
    for suffix, media in FILE_FORMATS.items():
        whole = b"".join(map(bytes, encode_file(tiny.split("all"), Choice(), media, FileQuery())))
        assert compute_checksum(tiny.split("all"), suffix) == hashlib.sha256(whole).hexdigest()


def test_a_name_holds_the_revision_so_that_other_data_have_none(tiny: Dataset) -> None:
    assert name_file(tiny.split("test"), "csv") == f"made/test.csv@{tiny.rev}"
    assert find_checksum(tiny.split("test"), "csv") is None


@pytest.fixture
def another_record(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The committed record, as another release of pyarrow would have left it."""
    record = committed_record()
    record["encoded_by"] = record["encoded_by"].replace("pyarrow ", "pyarrow 1")
    monkeypatch.setattr(checksums, "read_file", lambda _: json.dumps(record).encode())
    read_record.cache_clear()
    yield
    read_record.cache_clear()


@pytest.mark.usefixtures("another_record")
def test_a_record_of_other_libraries_is_none(digits: Dataset) -> None:
    split = digits.split("all")
    assert read_record() == {}
    assert all(find_checksum(split, suffix) is None for suffix in FILE_FORMATS)
    card = json.loads(build_split_card(request_of(), split).model_dump_json())
    assert {suffix: file["sha256"] for suffix, file in card["files"].items()} == dict.fromkeys(FILE_FORMATS)


@pytest.mark.parametrize(("dataset", "split"), [("digits", "all"), ("mnist", "test")])
def test_a_card_shows_what_a_download_is_checked_against(
    live: sites.Site, real: dict[str, Dataset], dataset: str, split: str
) -> None:
    files = live.get(f"/v1/datasets/{dataset}/{split}").json["files"]
    assert list(files) == list(FILE_FORMATS)
    for suffix, file in files.items():
        assert file["sha256"] == find_checksum(real[dataset].split(split), suffix)
        answer = live.get(file["url"])
        assert answer["Content-Type"] == file["media_type"]
        assert hashlib.sha256(answer.body).hexdigest() == file["sha256"]
        digest = base64.b64encode(bytes.fromhex(file["sha256"])).decode()
        assert answer["Repr-Digest"] == f"sha-256=:{digest}:"
        assert live.head(file["url"])["Repr-Digest"] == answer["Repr-Digest"]


def test_the_cards_of_a_dataset_and_of_its_splits_show_the_same(live: sites.Site) -> None:
    whole = live.get("/v1/datasets/mnist").json["splits"]
    for split in ("train", "test", "all"):
        files = live.get(f"/v1/datasets/mnist/{split}").json["files"]
        assert files == whole[split]["files"]
        assert all(file["sha256"] for file in files.values())
