"""Tables: every reader gets the arrays back, the columns are those of the contract, and parts of files are sent."""

import hashlib
import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from service.data.dataset import Dataset
from service.data.split import Split
from service.mirrors.flat import MIRROR, ROOT, ROWS, SPLITS, WRITERS
from tests.http.expect import stable_headers
from tests.mirrors.expect import assert_nothing_at
from tests.sites import Site

SMALL = f"{ROOT}/digits_all"
"""The files that are built in no time."""

Table = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Labels `(n,)` and flat images `(n, height·width)`, as a reader gives them."""


def of_frame(frame: pl.DataFrame) -> Table:
    if "pixels" in frame.columns:
        return frame["label"].to_numpy(), frame["pixels"].to_numpy()
    return frame["label"].to_numpy(), frame.drop("label").to_numpy()


def read_csv(body: bytes) -> pl.DataFrame:
    columns = 1 + body[: body.index(b"\n")].count(b",")
    return pl.read_csv(body, schema_overrides=[pl.UInt8] * columns)


def of_arrow(table: pa.Table) -> Table:
    pixels = table["pixels"].combine_chunks()
    return table["label"].to_numpy(), pixels.flatten().to_numpy().reshape(len(pixels), -1)


READERS: dict[str, tuple[Callable[[bytes], Table], ...]] = {
    "csv": (lambda body: of_frame(read_csv(body)),),
    "parquet": (
        lambda body: of_arrow(pq.read_table(pa.BufferReader(body))),
        lambda body: of_frame(pl.read_parquet(body)),
    ),
    "arrow": (
        lambda body: of_arrow(pa.ipc.open_file(pa.BufferReader(body)).read_all()),
        lambda body: of_frame(pl.read_ipc(body)),
    ),
    "arrows": (
        lambda body: of_arrow(pa.ipc.open_stream(body).read_all()),
        lambda body: of_frame(pl.read_ipc_stream(io.BytesIO(body))),
    ),
}


def hash_values(images: NDArray[np.integer], labels: NDArray[np.integer]) -> list[str]:
    """SHA-256 of images and of labels, as uint8."""
    assert max(images.max(), labels.max()) <= 255
    return [hashlib.sha256(np.ascontiguousarray(values, np.uint8).data).hexdigest() for values in (images, labels)]


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize(("dataset", "split"), SPLITS)
def test_every_reader_gets_the_split(
    live: Site, real: dict[str, Dataset], dataset: str, split: str, suffix: str
) -> None:
    answer, expected = live.get(f"{ROOT}/{dataset}_{split}.{suffix}"), real[dataset].split(split)
    assert (answer.status, answer["Content-Type"]) == (200, WRITERS[suffix][0])
    for reader in READERS[suffix]:
        labels, images = reader(answer.body)
        assert images.shape == (len(expected), expected.card.pixels)
        assert hash_values(images, labels) == [expected.digests["images"], expected.digests["labels"]]


def test_the_csv_is_as_kaggle_has_it(live: Site, mnist: Dataset) -> None:
    body = live.get(f"{ROOT}/mnist_test.csv").body
    header, first, *_ = body.splitlines()
    assert header.startswith(b"label,1x1,1x2,")
    assert header.decode().split(",") == [
        "label",
        *(f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)),
    ]
    assert first.decode().split(",") == ["7", *map(str, mnist.split("test").images[0].ravel().tolist())]
    assert (body.count(b"\n"), body[-1:]) == (10_001, b"\n")
    assert not {b"\r", b" ", b'"'} & {bytes([octet]) for octet in set(body)}


def test_pandas_reads_the_csv(live: Site, digits: Dataset) -> None:
    frame = pd.read_csv(f"{live.url}{SMALL}.csv")
    assert list(frame)[:3] == ["label", "1x1", "1x2"]
    assert frame.columns[-1] == "8x8"
    assert np.array_equal(frame["label"], digits.labels)
    assert np.array_equal(frame.iloc[:, 1:].to_numpy().reshape(-1, 8, 8), digits.images)


@pytest.mark.parametrize(("dataset", "pixels"), [("digits_all", 64), ("mnist_test", 784)])
def test_the_columns_are_a_label_and_a_list_of_pixels(live: Site, dataset: str, pixels: int) -> None:
    schema = pa.schema([("label", pa.uint8()), ("pixels", pa.list_(pa.uint8(), pixels))])
    target = f"{ROOT}/{dataset}"
    assert pq.read_schema(pa.BufferReader(live.get(f"{target}.parquet").body)) == schema
    assert pa.ipc.open_file(pa.BufferReader(live.get(f"{target}.arrow").body)).schema == schema
    assert pa.ipc.open_stream(live.get(f"{target}.arrows").body).schema == schema


def test_a_reader_of_a_few_rows_needs_a_small_part(live: Site) -> None:
    metadata = pq.read_metadata(pa.BufferReader(live.get(f"{ROOT}/mnist_test.parquet").body))
    assert (metadata.num_row_groups, metadata.row_group(0).num_rows) == (10, ROWS)
    assert max(metadata.row_group(group).total_byte_size for group in range(10)) < 1_000_000
    label = metadata.row_group(0).column(0)
    assert (label.statistics.min, label.statistics.max, label.compression) == (0, 9, "SNAPPY")
    file = pa.ipc.open_file(pa.BufferReader(live.get(f"{ROOT}/mnist_test.arrow").body))
    assert [file.get_batch(number).num_rows for number in range(file.num_record_batches)] == [ROWS] * 10


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_split_of_any_size_and_shape_is_written_in_small_pieces(tiny: Dataset, digits: Dataset, suffix: str) -> None:
    for split in (tiny.split("train"), tiny.split("test"), digits.split("all")):
        pieces = list(WRITERS[suffix][1](split))
        assert max(map(len, pieces)) < 1_000_000
        for reader in READERS[suffix]:
            labels, images = reader(b"".join(pieces))
            assert np.array_equal(labels, split.labels)
            assert np.array_equal(images, split.images.reshape(len(split), -1))


def test_no_piece_holds_much_of_a_large_file(mnist: Dataset) -> None:
    split: Split = mnist.split("test")
    for suffix, (_, write) in WRITERS.items():
        assert max(map(len, write(split))) < 1_000_000, suffix


@pytest.mark.parametrize("suffix", WRITERS)
def test_head_ranges_and_conditions_are_answered(live: Site, suffix: str) -> None:
    target, asking = f"{SMALL}.{suffix}", {"Accept-Encoding": "gzip, zstd"}
    got, head = live.get(target, asking), live.head(target, asking)
    assert (head.status, head.body, stable_headers(head)) == (200, b"", stable_headers(got))
    assert "Content-Encoding" not in got.headers
    assert (got["Content-Length"], got["Accept-Ranges"]) == (str(len(got.body)), "bytes")
    assert (got["Access-Control-Allow-Origin"], got["ETag"][0]) == ("*", '"')
    for asked, part in (("0-99", slice(100)), ("100-", slice(100, None)), ("-8", slice(-8, None))):
        answer = live.get(target, {**asking, "Range": f"bytes={asked}", "If-Range": got["ETag"]})
        assert (answer.status, answer.body) == (206, got.body[part])
    outside = live.get(target, {"Range": f"bytes={len(got.body)}-"})
    assert (outside.status, outside["Content-Range"]) == (416, f"bytes */{len(got.body)}")
    again = live.get(target, {"If-None-Match": f'"other", {got["ETag"]}'})
    assert (again.status, again.body, again["ETag"]) == (304, b"", got["ETag"])


def test_polars_scans_the_parquet_by_ranges(live: Site, mnist: Dataset) -> None:
    scan = pl.scan_parquet(f"{live.url}{ROOT}/mnist_test.parquet")
    test = mnist.split("test")
    assert scan.select(pl.len()).collect().item() == 10_000
    found = scan.filter(pl.col("label") == 3).collect()
    assert np.array_equal(found["pixels"].to_numpy(), test.images[test.labels == 3].reshape(-1, 784))


def test_every_file_has_its_own_etag(live: Site) -> None:
    tags = [live.head(path)["ETag"] for path in MIRROR.files]
    assert len(set(tags)) == len(MIRROR.files) == 12


@pytest.mark.parametrize(
    "name",
    [
        "",
        "mnist_all.csv",
        "digits_train.csv",
        "mnist_test.CSV",
        "mnist_test.csv/",
        "mnist_test.csv.gz",
        "mnist_test",
        "/mnist_test.csv",
        "../flat/mnist_test.csv",
        "%2e%2e/flat/mnist_test.csv",
        "..%2fflat%2fmnist_test.csv",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_missing_is_404(live: Site, method: str, name: str) -> None:
    assert_nothing_at(live, method, f"{ROOT}/{name}")


def test_tables_of_a_dataset_that_is_not_served_are_404(site: Site) -> None:
    for path in MIRROR.files:
        assert site.get(path).status == 404
