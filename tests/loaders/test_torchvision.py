"""torchvision downloads the four original files, and checks their MD5 by itself."""

from pathlib import Path

import pytest

from tests.loaders.access_log import AccessLog, Request
from tests.loaders.originals import Originals, Samples, hash_samples
from tests.loaders.torchvision_datasets import MNIST, check_integrity

DEAD = "http://127.0.0.1:9/"
"""Where nothing listens."""


def load(root: Path, *, train: bool) -> Samples:
    """Download one split and return its samples."""
    found = MNIST(root, train=train, download=True)
    return Samples(found.data.numpy(), found.targets.numpy())


@pytest.mark.parametrize("path", ["/mirrors/mnist/", "/exdb/mnist/"])
def test_the_arrays_are_the_originals(
    url: str, path: str, originals: Originals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MNIST, "mirrors", [url + path])
    assert load(tmp_path, train=True).digest == originals.train.digest
    assert load(tmp_path, train=False).digest == originals.test.digest


def test_each_file_is_asked_for_twice_and_has_the_md5_that_torchvision_knows(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, access_log: AccessLog
) -> None:
    monkeypatch.setattr(MNIST, "mirrors", [f"{url}/mirrors/mnist/"])
    MNIST(tmp_path, download=True)
    for name, md5 in MNIST.resources:
        assert check_integrity(tmp_path / "MNIST" / "raw" / name, md5)
    # The first request has a header `Method: HEAD`, and its answer is dropped unread.
    asked = [Request("GET", f"/mirrors/mnist/{name}", 200) for name, _ in MNIST.resources for _ in range(2)]
    assert access_log.read() == asked


def test_a_picture_and_its_label_are_those_of_the_sample(
    url: str, originals: Originals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MNIST, "mirrors", [f"{url}/mirrors/mnist/"])
    picture, label = MNIST(tmp_path, train=False, download=True)[7]
    assert hash_samples(picture, label) == originals.test[7].digest


def test_the_service_stands_in_for_a_mirror_that_does_not_answer(
    url: str, originals: Originals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MNIST, "mirrors", [DEAD, f"{url}/mirrors/mnist/"])
    assert load(tmp_path, train=False).digest == originals.test.digest
