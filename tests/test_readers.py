"""Other people's libraries read the real data from a live server, and it is bit for bit the original."""

import hashlib
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import requests
import safetensors.numpy
from numpy.typing import NDArray

from service.data.dataset import Dataset
from service.data.selection import Selection
from tests import sites

Read = tuple[NDArray[Any], NDArray[Any]]
"""Images and labels, in any dtype."""


def bytes_at(url: str) -> bytes:
    with urlopen(url) as answer:
        return bytes(answer.read())


def by_pandas_csv(base: str) -> Read:
    frame = pd.read_csv(f"{base}.csv")
    return frame.iloc[:, 2:].to_numpy(), frame["label"].to_numpy()


def by_pandas_parquet(base: str) -> Read:
    frame = pd.read_parquet(f"{base}.parquet")
    assert frame.dtypes["pixel_0_0"] == np.uint8
    return frame.iloc[:, 2:].to_numpy(), frame["label"].to_numpy()


def by_pandas_lines(base: str) -> Read:
    frame = pd.read_json(f"{base}.ndjson", lines=True)
    return np.stack(frame["pixels"].to_list()), frame["label"].to_numpy()


def by_numpy(base: str) -> Read:
    with np.load(io.BytesIO(bytes_at(f"{base}.npz?layout=image")), allow_pickle=False) as archive:
        return archive["x"], archive["y"]


def by_arrow_stream(base: str) -> Read:
    with urlopen(f"{base}.arrows?layout=chw") as answer:
        batches = list(pa.ipc.open_stream(answer))
    return (
        np.concatenate([batch["image"].to_numpy_ndarray() for batch in batches]),
        np.concatenate([batch["label"].to_numpy() for batch in batches]),
    )


def by_arrow_file(base: str) -> Read:
    table = pa.ipc.open_file(pa.BufferReader(requests.get(f"{base}.arrow").content)).read_all()
    return table["image"].combine_chunks().to_numpy_ndarray(), table["label"].to_numpy()


def by_polars_csv(base: str) -> Read:
    frame = pl.read_csv(f"{base}.csv")
    return frame[:, 2:].to_numpy(), frame["label"].to_numpy()


def by_polars_scan(base: str) -> Read:
    frame = pl.scan_parquet(f"{base}.parquet").collect()
    return frame[:, 2:].to_numpy(), frame["label"].to_numpy()


def by_safetensors_pages(base: str) -> Read:
    pages, target = [], f"{base}/rows?format=safetensors&limit=10000"
    while target:
        answer = requests.get(target)
        pages.append(safetensors.numpy.load(answer.content))
        following = answer.links.get("next")
        target = urljoin(base, following["url"]) if following else ""
    return np.concatenate([page["image"] for page in pages]), np.concatenate([page["label"] for page in pages])


def by_npy_pages(base: str) -> Read:
    size = int(requests.head(f"{base}/rows?format=npy").headers["Total-Count"])
    images = [
        np.load(io.BytesIO(bytes_at(f"{base}/rows?format=npy&limit=10000&offset={at}")), allow_pickle=False)
        for at in range(0, size, 10_000)
    ]
    labels = [pd.read_csv(f"{base}/rows?format=csv&limit=1000&offset={at}")["label"] for at in range(0, size, 1_000)]
    return np.concatenate(images), pd.concat(labels).to_numpy()


def by_json_pages(base: str) -> Read:
    rows: list[dict[str, Any]] = []
    target = f"{base}/rows?limit=1000"
    while target:
        page = requests.get(target, headers={"Accept-Encoding": "gzip"}).json()
        rows += page["rows"]
        target = urljoin(base, page["links"]["next"]) if page["links"]["next"] else ""
    return np.array([row["pixels"] for row in rows]), np.array([row["label"] for row in rows])


READERS: list[Callable[[str], Read]] = [
    by_pandas_csv,
    by_pandas_parquet,
    by_pandas_lines,
    by_numpy,
    by_arrow_stream,
    by_arrow_file,
    by_polars_csv,
    by_polars_scan,
    by_safetensors_pages,
    by_npy_pages,
    by_json_pages,
]


def digests(images: NDArray[Any], labels: NDArray[Any]) -> dict[str, str]:
    arrays = {"images": images, "labels": labels}
    return {name: hashlib.sha256(array.astype(np.uint8).tobytes()).hexdigest() for name, array in arrays.items()}


@pytest.mark.parametrize(("name", "split"), [("mnist", "test"), ("digits", "all")])
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: str(reader.__name__))
def test_what_a_library_reads_has_the_digest_of_the_original(
    live: sites.Site, real: dict[str, Dataset], reader: Callable[[str], Read], name: str, split: str
) -> None:
    original = Selection.of(real[name].split(split))
    found = digests(*reader(f"{live.url}/v1/datasets/{name}/{split}"))
    assert found == digests(original.images, original.labels)
    assert found == live.get(f"/v1/datasets/{name}/{split}").json["digests"]


@pytest.mark.parametrize("reader", [by_pandas_parquet, by_numpy, by_arrow_stream], ids=lambda one: str(one.__name__))
def test_all_seventy_thousand_have_the_digest_of_the_original(
    live: sites.Site, mnist: Dataset, reader: Callable[[str], Read]
) -> None:
    images, labels = reader(f"{live.url}/v1/datasets/mnist/all")
    content = images.astype(np.uint8).tobytes() + labels.astype(np.uint8).tobytes()
    assert hashlib.sha256(content).hexdigest() == mnist.digest


def test_sixty_thousand_training_images_come_as_csv(live: sites.Site, mnist: Dataset) -> None:
    frame = pd.read_csv(f"{live.url}/v1/datasets/mnist/train.csv", dtype=np.uint16)
    train = Selection.of(mnist.split("train"))
    assert frame["index"].tolist() == list(range(60_000))
    assert frame.iloc[:, 2:].to_numpy().astype(np.uint8).tobytes() == train.images.tobytes()
    assert frame["label"].tolist() == train.labels.tolist()


def test_polars_reads_only_the_columns_that_it_needs(live: sites.Site, mnist: Dataset) -> None:
    labels = pl.scan_parquet(f"{live.url}/v1/datasets/mnist/test.parquet").select("label").collect()["label"]
    assert labels.to_list() == Selection.of(mnist.split("test")).labels.tolist()


def test_a_broken_download_is_taken_up_where_it_broke(live: sites.Site) -> None:
    url = f"{live.url}/v1/datasets/digits/all.parquet"
    with urlopen(url) as answer:
        tag, begun = answer.headers["ETag"], answer.read(1_000)
    with urlopen(Request(url, headers={"Range": f"bytes={len(begun)}-", "If-Range": tag})) as answer:
        assert answer.status == 206
        rest = answer.read()
    assert hashlib.sha256(begun + rest).digest() == hashlib.sha256(bytes_at(url)).digest()
