"""Pooch downloads files and checks them against known hashes."""

from pathlib import Path

import pooch
import pytest

from tests.loaders.access_log import AccessLog, Request
from tests.loaders.originals import FILES

REGISTRY = {
    "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
}
"""The original files, with the checksums that loaders everywhere carry."""

NAME = "t10k-labels-idx1-ubyte.gz"


def test_a_registry_of_the_original_files_is_fetched(url: str, tmp_path: Path) -> None:
    files = pooch.create(path=tmp_path, base_url=f"{url}/mirrors/mnist/", registry=REGISTRY)
    for name in REGISTRY:
        assert Path(files.fetch(name)).read_bytes() == (FILES / name).read_bytes()


def test_retrieve_takes_one_request_and_unpacks(url: str, tmp_path: Path, access_log: AccessLog) -> None:
    address, known_hash = f"{url}/mirrors/mnist/{NAME}", REGISTRY[NAME]
    for _ in range(2):  # the second time from disk
        found = pooch.retrieve(address, known_hash, path=tmp_path, processor=pooch.Decompress(name="labels"))
        assert pooch.file_hash(found, "md5") == "27ae3e4e09519cfbb04c329615203637"
    assert access_log.read() == [Request("GET", f"/mirrors/mnist/{NAME}", 200)]


def test_retrieve_refuses_other_content(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not match the known hash"):
        pooch.retrieve(f"{url}/mirrors/mnist/{NAME}", "md5:" + 32 * "0", path=tmp_path)


def test_is_available_asks_with_head(url: str, tmp_path: Path, access_log: AccessLog) -> None:
    files = pooch.create(path=tmp_path, base_url=f"{url}/mirrors/mnist/", registry={NAME: None, "missing.gz": None})
    assert files.is_available(NAME)
    assert not files.is_available("missing.gz")
    asked = [Request("HEAD", f"/mirrors/mnist/{NAME}", 200), Request("HEAD", "/mirrors/mnist/missing.gz", 404)]
    assert access_log.read() == asked


def test_the_file_of_keras_has_the_known_hash(url: str, tmp_path: Path) -> None:
    known_hash = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
    assert (
        Path(pooch.retrieve(f"{url}/mirrors/keras/mnist.npz", known_hash, path=tmp_path)).stat().st_size == 11_490_434
    )
