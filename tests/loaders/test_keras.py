"""Keras finds its `mnist.npz` where `get_file` put it, and then does not connect."""

import os
import shutil
import socket
from pathlib import Path

import keras
import pytest

from tests.loaders.access_log import AccessLog, Request
from tests.loaders.originals import Originals, hash_samples

PATH = "/mirrors/keras/mnist.npz"

SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
"""What `load_data()` checks."""

FOLDER = Path(os.environ["KERAS_HOME"]) / "datasets"
"""Where Keras keeps files; it reads KERAS_HOME when it is imported."""


@pytest.fixture(autouse=True)
def _no_files() -> None:
    """Begin each test without files of another."""
    shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this process from connecting to anything."""

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no sockets")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_load_data_reads_what_get_file_fetched(
    url: str, originals: Originals, access_log: AccessLog, request: pytest.FixtureRequest
) -> None:
    keras.utils.get_file("mnist.npz", origin=url + PATH, file_hash=SHA256)
    assert (FOLDER / "mnist.npz").stat().st_size == 11_490_434
    assert access_log.read() == [Request("GET", PATH, 200)]
    request.getfixturevalue("no_sockets")
    train, test = keras.datasets.mnist.load_data()
    assert hash_samples(*train) == originals.train.digest
    assert hash_samples(*test) == originals.test.digest


@pytest.mark.usefixtures("no_sockets")
def test_load_data_without_the_file_would_ask_elsewhere() -> None:
    with pytest.raises(Exception, match=r"URL fetch failure on https://storage\.googleapis\.com/.*no sockets"):
        keras.datasets.mnist.load_data()


def test_get_file_refuses_other_content(url: str) -> None:
    with pytest.raises(ValueError, match="Incomplete or corrupted file"):
        keras.utils.get_file("mnist.npz", origin=f"{url}/mirrors/mnist/t10k-labels-idx1-ubyte.gz", file_hash=SHA256)
