"""Splits as files over HTTP, and choices of their samples: the right bytes, whole and in part."""

import base64
import hashlib
import io
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.formats import FILE_FORMATS
from service.data.dataset import Dataset
from service.data.selection import Selection
from tests import made, readers, sites

HERE = "/v1/datasets/made"

FEW = st.fixed_dictionaries(
    {},
    optional={
        "label": st.lists(st.integers(0, 3), min_size=1, max_size=3),
        "range": st.sampled_from(["0:12", "5:", ":20"]),
        "per_class": st.integers(1, 2),
    },
)
FOLDS = st.fixed_dictionaries(
    {"fold": st.integers(0, 2), "folds": st.just(2), "part": st.sampled_from(["train", "holdout"])}
)
ORDERS = st.sampled_from([{}, {"seed": 7}, {"order": "oddest"}])
LISTS = st.fixed_dictionaries({"index": st.lists(st.integers(0, made.TRAIN), min_size=1, max_size=40)})

CHOICES = st.builds(lambda subset, order: {**subset, **order}, FEW | FOLDS, ORDERS) | LISTS
"""Choices of rows, of which some are refused: a class is too small, a fold or an index does not exist."""


def test_a_split_comes_in_the_files_of_the_contract() -> None:
    assert {suffix: media.name for suffix, media in FILE_FORMATS.items()} == {
        "parquet": "parquet",
        "arrow": "arrow-file",
        "arrows": "arrow",
        "npz": "npz",
        "csv": "csv",
        "ndjson": "ndjson",
    }


@pytest.mark.parametrize("split", ["train", "test", "all"])
@pytest.mark.parametrize("suffix", FILE_FORMATS)
def test_every_reader_of_a_file_gets_the_whole_split(site: sites.Site, tiny: Dataset, suffix: str, split: str) -> None:
    answer = site.get(f"{HERE}/{split}.{suffix}", {"Accept-Encoding": "gzip, zstd"})
    batch = Selection.of(tiny.split(split)).batch()
    assert answer["Content-Type"] == FILE_FORMATS[suffix].media_type
    assert answer["Content-Disposition"] == f'attachment; filename="made-{split}.{suffix}"'
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Content-Length"] == str(len(answer.body))
    assert "Content-Encoding" not in answer.headers
    assert "Vary" not in answer.headers
    for reader in readers.READERS[FILE_FORMATS[suffix].name]:
        index, label, image = reader(answer.body)
        assert index is not None
        assert label is not None
        assert index.tolist() == batch.index.tolist()
        assert label.tolist() == batch.label.tolist()
        assert image.astype(np.uint8).tobytes() == batch.image.tobytes()


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "arrows", "npz"])
@pytest.mark.parametrize("scale", ["unit", "standard"])
def test_binary_files_take_a_scale(site: sites.Site, tiny: Dataset, suffix: str, scale: str) -> None:
    body = site.get(f"{HERE}/train.{suffix}?scale={scale}").body
    image = readers.READERS[FILE_FORMATS[suffix].name][0](body)[2]
    assert image.dtype == np.float32
    expected = Selection.of(tiny.split("train")).batch(scale="unit" if scale == "unit" else "standard")
    assert image.tobytes() == expected.image.tobytes()


@pytest.mark.parametrize("suffix", ["arrow", "arrows", "npz"])
@pytest.mark.parametrize("layout", ["image", "chw", "hwc"])
def test_array_files_take_a_layout(site: sites.Site, suffix: str, layout: str) -> None:
    image = readers.READERS[FILE_FORMATS[suffix].name][0](site.get(f"{HERE}/test.{suffix}?layout={layout}").body)[2]
    shapes = {"image": (8, 3, 5), "chw": (8, 1, 3, 5), "hwc": (8, 3, 5, 1)}
    assert image.shape == shapes[layout]


@pytest.mark.parametrize("query", ["csv?scale=unit", "ndjson?scale=standard", "csv?layout=image", "parquet?layout=chw"])
def test_what_a_file_cannot_hold_is_refused(site: sites.Site, query: str) -> None:
    answer = site.get(f"{HERE}/train.{query}")
    assert answer.status == 422
    assert [fault["name"] for fault in answer.json["errors"]] == [query.partition("?")[2].partition("=")[0]]


@given(
    suffix=st.sampled_from(sorted(FILE_FORMATS)),
    first=st.integers(0, 400),
    length=st.none() | st.integers(1, 400),
)
def test_a_part_is_what_a_slice_of_the_whole_is(site: sites.Site, suffix: str, first: int, length: int | None) -> None:
    target = f"{HERE}/train.{suffix}"
    whole = site.get(target)
    last = "" if length is None else str(first + length - 1)
    part = site.get(target, {"Range": f"bytes={first}-{last}", "Accept-Encoding": "gzip"})
    expected = whole.body[first : None if length is None else first + length]
    assert part.status == 206
    assert part.body == expected
    assert part["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(whole.body)}"
    assert part["Content-Length"] == str(len(expected))
    assert part["Content-Type"] == whole["Content-Type"]
    assert part["ETag"] == whole["ETag"]


@pytest.mark.parametrize("length", [1, 8, 10**9, 2**64 - 1])
def test_a_suffix_is_the_end_of_the_file(site: sites.Site, length: int) -> None:
    whole = site.get(f"{HERE}/train.parquet").body
    part = site.get(f"{HERE}/train.parquet", {"Range": f"bytes=-{length}"})
    assert part.status == 206
    assert part.body == whole[-length:]


def test_an_end_past_the_file_is_cut_to_it(site: sites.Site) -> None:
    whole = site.get(f"{HERE}/train.npz").body
    for end in (len(whole), 2**63, 2**64 - 1):
        part = site.get(f"{HERE}/train.npz", {"Range": f"bytes=10-{end}"})
        assert (part.status, part.body) == (206, whole[10:])


@pytest.mark.parametrize(
    "asked", ["bytes=999999999-", "bytes=-0", "bytes=5-2", "bytes=x", "bytes=999999999-9999999999"]
)
def test_a_range_outside_the_file_is_416_and_the_size_is_told(site: sites.Site, asked: str) -> None:
    size = len(site.get(f"{HERE}/train.csv").body)
    answer = site.get(f"{HERE}/train.csv", {"Range": asked})
    assert answer.status == 416
    assert answer["Content-Range"] == f"bytes */{size}"
    assert answer.json["type"] == "/problems/range-not-satisfiable"


@pytest.mark.parametrize("asked", ["items=0-3", "bytes=0-1,4-5"])
def test_other_units_and_several_ranges_give_the_whole_file(site: sites.Site, asked: str) -> None:
    answer = site.get(f"{HERE}/train.csv", {"Range": asked})
    assert (answer.status, answer.body) == (200, site.get(f"{HERE}/train.csv").body)


def test_if_range_gives_the_part_of_this_file_and_the_whole_of_another(site: sites.Site) -> None:
    whole = site.get(f"{HERE}/train.csv")
    for tag, status in ((whole["ETag"], 206), ('"other"', 200), (f"W/{whole['ETag']}", 200)):
        answer = site.get(f"{HERE}/train.csv", {"Range": "bytes=0-9", "If-Range": tag})
        assert answer.status == status
        assert answer.body == (whole.body[:10] if status == 206 else whole.body)


def test_a_file_that_the_client_has_is_not_sent_again_whatever_the_range(site: sites.Site) -> None:
    tag = site.get(f"{HERE}/train.csv")["ETag"]
    answer = site.get(f"{HERE}/train.csv", {"If-None-Match": tag, "Range": "bytes=0-9"})
    assert (answer.status, answer.body) == (304, b"")
    assert answer["ETag"] == tag


def test_the_files_of_a_split_have_different_etags(site: sites.Site) -> None:
    targets = [f"{HERE}/{split}.{suffix}" for suffix in FILE_FORMATS for split in ("train", "test", "all")]
    targets += [f"{HERE}/train.npz?{query}" for query in ("scale=unit", "layout=image", "scale=unit&layout=image")]
    assert len({site.head(target)["ETag"] for target in targets}) == len(targets)


def test_a_real_split_of_sixty_thousand_is_all_there(live: sites.Site, mnist: Dataset) -> None:
    with urlopen(f"{live.url}/v1/datasets/mnist/train.npz?layout=image") as answer:
        archive = np.load(io.BytesIO(answer.read()), allow_pickle=False)
    assert archive["x"].tobytes() == Selection.of(mnist.split("train")).images.tobytes()
    assert archive["y"].tolist() == Selection.of(mnist.split("train")).labels.tolist()
    assert archive["index"].tolist() == list(range(60_000))


def list_rows(site: sites.Site, target: str, name: str) -> tuple[list[int], list[int], bytes]:
    """The indices, labels and pixels of an answer, as the first reader of its format sees them."""
    index, label, image = readers.READERS[name][0](site.get(target).body)
    assert index is not None
    assert label is not None
    return index.tolist(), label.tolist(), image.astype(np.uint8).tobytes()


@given(suffix=st.sampled_from(sorted(FILE_FORMATS)), choice=CHOICES, limit=st.integers(1, 9))
def test_the_file_of_a_choice_has_the_rows_of_all_its_pages(
    site: sites.Site, suffix: str, choice: dict[str, Any], limit: int
) -> None:
    query = urlencode(choice, doseq=True)
    file = site.get(f"{HERE}/train.{suffix}?{query}")
    page = site.get(f"{HERE}/train/rows?{query}")
    if page.status != 200:
        assert (file.status, file.json["errors"]) == (page.status, page.json["errors"])
        return
    name, total = FILE_FORMATS[suffix].name, page.json["total"]
    paged = f"{HERE}/train/rows?{query}&limit={limit}&format={name.removesuffix('-file')}"
    starts = range(0, max(1, total), limit)
    pages = [list_rows(site, f"{paged}&offset={start}", name.removesuffix("-file")) for start in starts]
    index, label, image = list_rows(site, f"{HERE}/train.{suffix}?{query}", name)
    assert index == [one for page in pages for one in page[0]]
    assert label == [one for page in pages for one in page[1]]
    assert image == b"".join(page[2] for page in pages)
    assert len(index) == total


@given(suffix=st.sampled_from(sorted(FILE_FORMATS)), offset=st.integers(0, 30), limit=st.integers(1, 30))
def test_a_file_may_begin_later_and_end_sooner(site: sites.Site, suffix: str, offset: int, limit: int) -> None:
    order = site.get(f"{HERE}/train/order?seed=3").json["order"]
    target, name = f"{HERE}/train.{suffix}?seed=3&offset={offset}", FILE_FORMATS[suffix].name
    assert list_rows(site, f"{target}&limit={limit}", name)[0] == order[offset : offset + limit]
    assert list_rows(site, target, name)[0] == order[offset:]


@pytest.mark.parametrize("suffix", FILE_FORMATS)
def test_a_file_of_no_rows_is_a_file(site: sites.Site, suffix: str) -> None:
    for query in ("label=3", "offset=8", "offset=9223372036854775807"):  # no dog is in the test split
        target = f"{HERE}/test.{suffix}?{query}"
        assert list_rows(site, target, FILE_FORMATS[suffix].name) == ([], [], b"")


@pytest.mark.parametrize(
    "query", ["seed=1&order=oddest", "index=3&label=1", "index=99", "limit=0", "fold=1", "k=1", "per_class=99"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_is_refused_where_rows_are(site: sites.Site, query: str, method: str) -> None:
    known = {"If-None-Match": "*"}  # a client cannot have what does not exist
    file, page = (site.send(method, f"{HERE}/train{what}?{query}", known) for what in (".npz", "/rows"))
    assert file.status == page.status == 422
    if method == "GET":
        assert [one["name"] for one in file.json["errors"]] == [one["name"] for one in page.json["errors"]]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("label=3&label=1&seed=7", "made-train-label-1-3-seed-7"),
        ("range=5:&order=oddest&rev={rev}", "made-train-range-5-to-order-oddest"),
        ("range=:9&limit=2", "made-train-range-to-9-limit-2"),
        ("per_class=1", "made-train-per_class-1"),
        ("scale=unit&layout=chw", "made-train-scale-unit-layout-chw"),
        ("order=file&offset=0", "made-train"),
        ("&".join(f"index={n}" for n in range(20)), "made-train-index-0-1-2-3-4-5-6-7-and-12-more"),
    ],
)
def test_the_name_of_a_file_says_what_it_is(site: sites.Site, tiny: Dataset, query: str, name: str) -> None:
    answer = site.head(f"{HERE}/train.npz?{query.format(rev=tiny.rev)}")
    assert answer["Content-Disposition"] == f'attachment; filename="{name}.npz"'


def test_a_choice_is_a_file_like_any_other(site: sites.Site, tiny: Dataset) -> None:
    target = f"{HERE}/train.csv?label=1&seed=7&rev={tiny.rev}"
    whole, head = site.get(target), site.head(target)
    digest = base64.b64encode(hashlib.sha256(whole.body).digest()).decode()
    assert whole["Repr-Digest"] == head["Repr-Digest"] == f"sha-256=:{digest}:"
    assert head["Content-Length"] == str(len(whole.body))
    assert whole["Cache-Control"] == "public, max-age=31536000, immutable"
    assert site.get(target, {"If-None-Match": whole["ETag"]}).status == 304
    assert site.get(target, {"Range": "bytes=7-20"}).body == whole.body[7:21]
    assert site.get(f"{HERE}/train.csv?seed=7&label=1&label=1")["ETag"] == whole["ETag"]
    for other in ("label=1", "seed=7", "label=1&seed=8", "label=1&seed=7&limit=3"):
        assert site.head(f"{HERE}/train.csv?{other}")["ETag"] != whole["ETag"]
    assert site.get(f"{HERE}/train.csv?label=1&rev=123456789abc").status == 409
