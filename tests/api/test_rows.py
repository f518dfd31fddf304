"""Rows over HTTP: what comes is what was asked for, whatever the format."""

import io
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.formats import ROW_FORMATS
from service.app import create_app
from service.data.dataset import Dataset
from service.data.order import order_v1
from service.data.selection import Selection
from service.formats import FORMATS
from service.settings import Settings
from tests import made, readers, sites

ROWS = "/v1/datasets/made/train/rows"
ARRAYS = ("npy", "npz", "arrow", "safetensors")

names = pytest.mark.parametrize("name", [media.name for media in ROW_FORMATS])


def linked(answer: sites.Answer) -> dict[str, str]:
    """The links of the header, by relation."""
    return {relation: target for target, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', answer["Link"])}


def test_the_formats_are_those_of_the_contract_and_json_is_the_default() -> None:
    assert [media.name for media in ROW_FORMATS] == [
        "json",
        "ndjson",
        "csv",
        "npy",
        "npz",
        "arrow",
        "parquet",
        "safetensors",
    ]


@names
@pytest.mark.parametrize("offset", [0, 3, made.TRAIN - 1, made.TRAIN, made.TRAIN + 1, 2**63 - 1])
@pytest.mark.parametrize("query", ["", "&scale=unit", "&scale=standard", "&label=1&label=3", "&seed=7"])
def test_every_reader_of_a_page_gets_the_samples(
    site: sites.Site, tiny: Dataset, name: str, offset: int, query: str
) -> None:
    answer = site.get(f"{ROWS}?format={name}&offset={offset}&limit=5{query}")
    asked = parse_qs(query)
    expected = Selection.of(tiny.split("train"))
    if "label" in asked:
        expected = expected.labelled([1, 3])
    if "seed" in asked:
        expected = expected.shuffled(7)
    total = len(expected)
    batch = expected.page(offset, 5).batch(scale=asked.get("scale", ["raw"])[0])  # type: ignore[arg-type]
    assert answer.status == 200
    assert answer["Content-Type"] == FORMATS[name].media_type
    assert answer["Total-Count"] == str(total)
    for reader in readers.READERS[name]:
        index, label, image = reader(answer.body)
        assert len(image) == len(batch)
        assert index is None or index.tolist() == batch.index.tolist()
        assert label is None or label.tolist() == batch.label.tolist()
        if len(batch):
            assert np.array_equal(image.reshape(batch.image.shape).astype(batch.image.dtype), batch.image)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize(
    ("layout", "shape"), [("flat", (4, 15)), ("image", (4, 3, 5)), ("chw", (4, 1, 3, 5)), ("hwc", (4, 3, 5, 1))]
)
def test_array_formats_take_any_layout(
    site: sites.Site, tiny: Dataset, name: str, layout: str, shape: tuple[int, ...]
) -> None:
    body = site.get(f"{ROWS}?format={name}&limit=4&layout={layout}").body
    image = readers.READERS[name][0](body)[2]
    assert image.shape == shape
    assert image.tobytes() == tiny.images[:4].tobytes()


@given(
    limit=st.integers(1, 30),
    labels=st.lists(st.integers(0, 3), max_size=3),
    seed=st.none() | st.integers(0, 2**64 - 1),
)
def test_following_next_visits_every_row_exactly_once(
    site: sites.Site, tiny: Dataset, limit: int, labels: list[int], seed: int | None
) -> None:
    query = "".join(f"&label={label}" for label in labels) + (f"&seed={seed}" if seed is not None else "")
    expected = expected_rows(tiny, labels, seed)
    pages = [site.get(f"{ROWS}?limit={limit}{query}").json]
    while pages[-1]["links"]["next"]:
        pages.append(site.get(pages[-1]["links"]["next"]).json)
    assert [row["index"] for page in pages for row in page["rows"]] == expected
    assert {page["total"] for page in pages} == {len(expected)}
    assert [page["links"]["prev"] is None for page in pages] == [True, *[False] * (len(pages) - 1)]
    assert site.get(pages[0]["links"]["last"]).json["rows"] == pages[-1]["rows"]


def expected_rows(data: Dataset, labels: list[int], seed: int | None) -> list[int]:
    selection = Selection.of(data.split("train"))
    selection = selection.labelled(labels) if labels else selection
    rows = np.asarray(selection.indices)
    return (rows if seed is None else rows[order_v1(len(rows), seed=seed)]).tolist()  # type: ignore[no-any-return]


def test_the_envelope_tells_everything_about_the_page(site: sites.Site, tiny: Dataset) -> None:
    page = site.get(f"{ROWS}?offset=4&limit=3").json
    rows = page.pop("rows")
    at = f"{ROWS}?limit=3"
    assert page == {
        "dataset": "made",
        "split": "train",
        "offset": 4,
        "limit": 3,
        "total": made.TRAIN,
        "rev": tiny.rev,
        "columns": ["index", "label", "pixels"],
        "links": {
            "self": page["links"]["self"],
            "first": f"{at}&rev={tiny.rev}",
            "prev": page["links"]["prev"],
            "next": page["links"]["next"],
            "last": page["links"]["last"],
        },
    }
    offsets = {relation: parse_qs(urlsplit(link).query).get("offset") for relation, link in page["links"].items()}
    assert offsets == {"self": ["4"], "first": None, "prev": ["1"], "next": ["7"], "last": ["21"]}
    assert [row["index"] for row in rows] == [4, 5, 6]
    assert all(set(row) == {"index", "label", "pixels"} for row in rows)


@names
def test_the_header_has_the_links_of_the_body_and_each_pins_the_revision(
    site: sites.Site, tiny: Dataset, name: str
) -> None:
    query = "offset=10&limit=4&label=0&label=1&scale=unit&seed=3"
    links = linked(site.get(f"{ROWS}?{query}&format={name}"))
    as_json = site.get(f"{ROWS}?{query}&format=json").json["links"]
    assert set(links) == {relation for relation, link in as_json.items() if link}
    for relation, link in links.items():
        asked = parse_qs(urlsplit(link).query)
        assert asked["rev"] == [tiny.rev]
        assert asked["format"] == [name]
        assert asked["label"] == ["0", "1"]
        if relation == "self":
            assert site.get(link).body == site.get(f"{ROWS}?{query}&format={name}").body


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("offset=0&limit=23", {"prev": None, "next": None, "last": "0"}),
        ("offset=0&limit=10", {"prev": None, "next": "10", "last": "20"}),
        ("offset=5&limit=10", {"prev": "0", "next": "15", "last": "20"}),
        ("offset=23&limit=10", {"prev": "13", "next": None, "last": "20"}),
        ("offset=99&limit=10", {"prev": "13", "next": None, "last": "20"}),
        ("offset=99&limit=30", {"prev": "0", "next": None, "last": "0"}),
    ],
)
def test_links_lead_to_neighbours_and_from_past_the_end_back(
    site: sites.Site, query: str, expected: dict[str, str | None]
) -> None:
    links = site.get(f"{ROWS}?{query}").json["links"]
    offsets = {
        relation: None if links[relation] is None else parse_qs(urlsplit(links[relation]).query).get("offset", ["0"])[0]
        for relation in expected
    }
    assert offsets == expected


def test_a_selection_without_rows_is_an_empty_page(site: sites.Site) -> None:
    page = site.get("/v1/datasets/made/test/rows?label=3").json
    assert (page["total"], page["rows"]) == (0, [])
    assert page["links"]["next"] is page["links"]["prev"] is None
    assert page["links"]["last"] == page["links"]["first"]


def test_the_same_seed_gives_the_same_sample_and_another_one_another(site: sites.Site) -> None:
    one, same, other = (
        [row["index"] for row in site.get(f"{ROWS}?seed={seed}&limit=10").json["rows"]] for seed in (7, 7, 8)
    )
    assert one == same == order_v1(made.TRAIN, seed=7)[:10].tolist()
    assert one != other


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/csv;q=0.5, application/x-npz", "application/x-npz"),
        ("application/vnd.apache.parquet;q=0.2, application/*;q=0.1", "application/vnd.apache.parquet"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
    ],
)
def test_accept_chooses_the_format_and_caches_are_told(site: sites.Site, accept: str, media_type: str) -> None:
    answer = site.get(f"{ROWS}?limit=2", {"Accept": accept} if accept else {})
    assert answer["Content-Type"] == media_type
    assert "Accept" in answer["Vary"].split(", ")


def test_a_named_format_wins_over_accept_and_does_not_vary_by_it(site: sites.Site) -> None:
    answer = site.get(f"{ROWS}?format=npy&limit=2", {"Accept": "text/csv"})
    assert answer["Content-Type"] == "application/x-npy"
    assert "Vary" not in answer.headers


@pytest.mark.parametrize("name", ["json", "ndjson", "csv"])
def test_a_text_page_holds_at_most_a_thousand_rows(site: sites.Site, name: str) -> None:
    assert site.get(f"{ROWS}?format={name}&limit=1000").status == 200
    problem = site.get(f"{ROWS}?format={name}&limit=1001").json
    assert problem["errors"] == [
        {"in": "query", "name": "limit", "reason": f"must be an integer from 1 to 1000 in {name}, not '1001'"}
    ]


@pytest.mark.parametrize("name", ["npy", "npz", "arrow", "parquet", "safetensors"])
def test_a_binary_page_holds_at_most_ten_thousand_rows(site: sites.Site, name: str) -> None:
    assert site.get(f"{ROWS}?format={name}&limit=10000").status == 200
    assert "from 1 to 10000" in site.get(f"{ROWS}?format={name}&limit=10001").json["detail"]


def test_both_bounds_are_settings() -> None:
    with sites.serving(create_app(Settings(text_limit=3, binary_limit=5), [made.source()])) as site:
        assert [site.get(f"{ROWS}?limit={limit}").status for limit in (3, 4)] == [200, 422]
        assert [site.get(f"{ROWS}?format=npz&limit={limit}").status for limit in (5, 6)] == [200, 422]


def test_ndjson_has_a_row_a_line_and_json_has_numbers_not_strings(site: sites.Site) -> None:
    lines = site.get(f"{ROWS}?format=ndjson&limit=3").body.splitlines()
    rows: list[Any] = [json.loads(line) for line in lines]
    assert rows == site.get(f"{ROWS}?limit=3").json["rows"]
    assert all(type(pixel) is int for row in rows for pixel in row["pixels"])


def test_npy_opens_without_pickle_and_could_be_mapped(site: sites.Site, tiny: Dataset) -> None:
    body = site.get(f"{ROWS}?format=npy&limit=4").body
    assert np.array_equal(np.load(io.BytesIO(body), allow_pickle=False), tiny.images[:4].reshape(4, -1))


@pytest.mark.parametrize("path", ["rows?format=parquet&limit=7", "rows?format=parquet&limit=7&label=1&seed=3"])
def test_polars_and_pyarrow_read_a_page_by_its_url(site: sites.Site, tiny: Dataset, path: str) -> None:
    url = f"{site.url}/v1/datasets/made/train/{path}"
    expected = [
        row["index"] for row in site.get(f"/v1/datasets/made/train/{path.replace('parquet', 'json')}").json["rows"]
    ]
    frame = pl.read_parquet(url)
    assert frame["index"].to_list() == expected
    assert frame[:, 2:].to_numpy().tolist() == tiny.images[expected].reshape(len(expected), -1).tolist()
    assert pl.scan_parquet(url).select("label").collect()["label"].to_list() == tiny.labels[expected].tolist()
    table = pq.read_table(RemoteFile(site, url.removeprefix(site.url)))
    assert table["index"].to_pylist() == expected


class RemoteFile(io.RawIOBase):
    """A file that is read by HEAD and ranges, as fsspec does."""

    def __init__(self, site: sites.Site, target: str) -> None:
        """Ask how long it is."""
        head = site.head(target)
        assert head["Accept-Ranges"] == "bytes"
        self.site, self.target, self.position = site, target, 0
        self.size = int(head["Content-Length"])

    def read(self, size: int = -1) -> bytes:
        """Read a part."""
        size = min(self.size - self.position, size if size >= 0 else self.size)
        if not size:
            return b""
        asked = {"Range": f"bytes={self.position}-{self.position + size - 1}"}
        answer = self.site.get(self.target, asked)
        assert answer.status == 206
        self.position += size
        return answer.body

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that positions can be chosen."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        self.position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        return self.position

    def tell(self) -> int:
        """Return the position."""
        return self.position


def test_the_pixels_of_a_parquet_page_have_statistics(site: sites.Site, tiny: Dataset) -> None:
    body = site.get(f"{ROWS}?format=parquet&limit=9").body
    group = pq.ParquetFile(pa.BufferReader(body)).metadata.row_group(0)
    flat = tiny.images[:9].reshape(9, -1)
    assert group.num_columns == 2 + flat.shape[1]
    for column in range(flat.shape[1]):
        found = group.column(2 + column).statistics
        assert (found.min, found.max) == (flat[:, column].min(), flat[:, column].max())
