"""Whole splits over HTTP: the right bytes, whole and in part."""

import io
from urllib.request import urlopen

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.formats import FILE_FORMATS
from service.data.dataset import Dataset
from service.data.selection import Selection
from tests import readers, sites

HERE = "/v1/datasets/made"


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
