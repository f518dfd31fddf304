"""The four original files: the bytes that loaders pin by MD5, where loaders and old scripts look for them."""

import gzip
import hashlib
import os
import subprocess
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import numpy as np
import pooch
import pytest
from numpy.typing import NDArray

from service.data.dataset import Dataset
from service.mirrors import idx
from tests.http.expect import stable_headers
from tests.sites import Site

ORIGINALS = {
    "train-images-idx3-ubyte.gz": (9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    "train-labels-idx1-ubyte.gz": (28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
    "t10k-images-idx3-ubyte.gz": (1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
    "t10k-labels-idx1-ubyte.gz": (4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
}
"""Size and MD5 of the files that Yann LeCun published, as torchvision checks them."""

ORIGIN = "http://yann.lecun.com/exdb/mnist"
"""Where old scripts ask for them."""

every_file = pytest.mark.parametrize("name", ORIGINALS)


def md5_of(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def read_values(content: bytes) -> NDArray[np.uint8]:
    """The array in a packed file of IDX, flat."""
    unpacked = gzip.decompress(content)
    return np.frombuffer(unpacked, np.uint8, offset=4 + 4 * unpacked[3])


def test_there_are_four_files_in_both_places() -> None:
    assert set(idx.MIRROR.files) == {f"{root}/{name}" for root in (idx.ROOT, idx.HISTORIC) for name in ORIGINALS}


@pytest.mark.parametrize("root", [idx.ROOT, idx.HISTORIC])
@every_file
def test_the_bytes_are_those_that_were_published(live: Site, root: str, name: str) -> None:
    answer = live.get(f"{root}/{name}", {"Accept-Encoding": "gzip", "Method": "HEAD"})
    assert (len(answer.body), md5_of(answer.body)) == ORIGINALS[name]
    assert answer["Content-Type"] == "application/gzip"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(("part", "split"), [("train", "train"), ("t10k", "test")])
def test_the_arrays_are_those_of_the_splits(live: Site, mnist: Dataset, part: str, split: str) -> None:
    images = read_values(live.get(f"{idx.ROOT}/{part}-images-idx3-ubyte.gz").body)
    labels = read_values(live.get(f"{idx.ROOT}/{part}-labels-idx1-ubyte.gz").body)
    assert images.tobytes() == mnist.split(split).images.tobytes()
    assert labels.tolist() == mnist.split(split).labels.tolist()


def test_an_interrupted_download_goes_on_where_it_stopped(live: Site) -> None:
    path = f"{idx.ROOT}/t10k-images-idx3-ubyte.gz"
    first = live.get(path, {"Range": "bytes=0-999999"})
    rest = live.get(path, {"Range": "bytes=1000000-", "If-Range": first["ETag"]})
    assert (first.status, rest.status) == (206, 206)
    assert md5_of(first.body + rest.body) == ORIGINALS["t10k-images-idx3-ubyte.gz"][1]


def test_no_file_is_written_for_them(live: Site) -> None:
    def find_built_bytes() -> str:
        return live.get("/metrics").body.decode().partition("\ndigits_files_bytes ")[2].partition("\n")[0]

    before = find_built_bytes()
    for path in idx.MIRROR.files:
        assert live.head(path).status == 200
    assert find_built_bytes() == before


def test_pooch_fetches_all_and_finds_them_available(live: Site, tmp_path: Path) -> None:
    registry = {name: f"md5:{md5}" for name, (_, md5) in ORIGINALS.items()}
    files = pooch.create(path=tmp_path, base_url=f"{live.url}{idx.ROOT}/", registry=registry)
    for name, (size, _) in ORIGINALS.items():
        assert files.is_available(name)
        assert Path(files.fetch(name)).stat().st_size == size


@every_file
def test_an_old_script_gets_them_through_http_proxy(live: Site, name: str) -> None:
    opener = build_opener(ProxyHandler({"http": live.url}))
    with opener.open(f"{ORIGIN}/{name}") as answer:
        assert md5_of(answer.read()) == ORIGINALS[name][1]


def test_curl_gets_them_through_http_proxy(live: Site) -> None:
    environment = {**os.environ, "http_proxy": live.url, "no_proxy": ""}
    command = ("curl", "--fail", "--silent", f"{ORIGIN}/train-labels-idx1-ubyte.gz")
    ended = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert md5_of(ended.stdout) == ORIGINALS["train-labels-idx1-ubyte.gz"][1]


def test_the_answer_to_a_client_of_a_proxy_is_that_to_any_other(live: Site) -> None:
    path = f"{idx.HISTORIC}/t10k-labels-idx1-ubyte.gz"
    plain, proxied = live.get(path), live.get(f"http://yann.lecun.com{path}")
    assert proxied.body == plain.body
    assert stable_headers(proxied) == stable_headers(plain)


@pytest.mark.parametrize("path", ["/exdb/mnist", "/exdb/mnist/", "/exdb", "/exdb/mnist/index.html", "/exdb/mnist/x/y"])
def test_there_is_nothing_else_at_the_historic_place(live: Site, path: str) -> None:
    assert live.get(path).status == 404
