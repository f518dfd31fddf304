"""`mnist.npz` is the file that Keras publishes, or there is none."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pytest

from service.app import create_app
from service.data.dataset import Dataset
from service.datasets.source import Source
from service.http.problems import Declined
from service.mirrors import keras
from service.settings import Settings
from tests import sites
from tests.http.expect import assert_problem
from tests.sites import Site

PATH = "/mirrors/keras/mnist.npz"

SIZE, SHA256, MD5 = (
    11_490_434,
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    "8a61469f7ea1b51cbae51d4f78837e45",
)
"""Of the published file; newer releases of Keras check the SHA-256, older ones the MD5."""


@pytest.fixture(scope="module")
def content(live: Site) -> bytes:
    """The file as it is served."""
    return live.get(PATH).body


@pytest.fixture
def refusing(mnist: Dataset) -> Iterator[Site]:
    """A server in this process, which sees what a test has changed."""
    with sites.serving(create_app(Settings(), [Source(mnist.card, lambda: mnist)])) as site:
        yield site


def test_the_bytes_are_those_that_keras_checks(live: Site, content: bytes) -> None:
    assert len(content) == SIZE
    assert hashlib.sha256(content).hexdigest() == SHA256 == keras.SHA256
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == MD5
    assert live.head(PATH)["Content-Disposition"] == 'attachment; filename="mnist.npz"'


def test_the_arrays_are_those_of_the_splits(content: bytes, mnist: Dataset) -> None:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        assert sorted(arrays) == ["x_test", "x_train", "y_test", "y_train"]
        for split in ("train", "test"):
            images, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
            assert images.dtype == labels.dtype == np.uint8
            assert images.shape == mnist.split(split).images.shape
            assert images.tobytes() == mnist.split(split).images.tobytes()
            assert labels.tolist() == mnist.split(split).labels.tolist()


def test_it_is_an_archive_without_faults(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = [one.filename for one in archive.infolist()]
        assert names == ["x_test.npy", "x_train.npy", "y_train.npy", "y_test.npy"]
        assert {one.date_time[:3] for one in archive.infolist()} == {(2017, 2, 17)}
        for name in names:
            with archive.open(name) as file:
                assert np.lib.format.read_magic(file) == (1, 0)
                np.lib.format.read_array_header_1_0(file)
                assert file.tell() == 80


def test_it_is_made_in_pieces_of_moderate_size(mnist: Dataset, content: bytes) -> None:
    pieces = list(islice(keras.build(mnist), 8))
    assert content.startswith(b"".join(pieces))
    assert max(map(len, pieces)) < 1_000_000


def compress_faster(compressobj: Callable[..., object]) -> Callable[..., object]:
    """A zlib that compresses otherwise, as that of another maker does."""
    return lambda level, *arguments: compressobj(level - 1, *arguments)


def check_refusal(site: Site) -> None:
    """Assert that a server says that it does not have the file, whatever is asked, and does have others."""
    for headers in ({}, {"Range": "bytes=0-9"}, {"If-None-Match": '"x"'}):
        problem = assert_problem(site.get(PATH, headers), "unknown-resource")
        assert f"zlib {zlib.ZLIB_RUNTIME_VERSION}" in problem["detail"]
        assert "/mirrors/npy" in problem["detail"]
    assert site.head(PATH).status == 404
    for other in ("/v1/datasets/mnist/test.npz", "/mirrors/npy/test-labels.npy"):
        assert site.head(other).status == 200


def test_with_another_zlib_there_is_no_file(refusing: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zlib, "compressobj", compress_faster(zlib.compressobj))
    check_refusal(refusing)


def test_bytes_of_another_hash_are_not_sent(refusing: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras, "SHA256", "0" * 64)
    assert_problem(refusing.get(PATH), "unknown-resource")


def test_another_zlib_is_found_before_the_large_arrays_are_compressed(
    mnist: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zlib, "compressobj", compress_faster(zlib.compressobj))
    with pytest.raises(Declined, match="byte for byte"):
        next(iter(keras.build(mnist)))


@pytest.mark.parametrize("name", ["mnist", "mnist.npz.gz", "MNIST.npz", "fashion-mnist.npz", ""])
def test_what_is_missing_is_404(live: Site, name: str) -> None:
    assert live.get(f"/mirrors/keras/{name}").status == 404


def test_without_mnist_there_is_no_file(site: Site) -> None:
    assert_problem(site.get(PATH), "unknown-resource")
