"""`optdigits.tes` is UCI's file, byte for byte, and scikit-learn's digits."""

import gzip
import hashlib
import io
from urllib.request import urlopen

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from service.mirrors import uci
from tests.sites import Site

PATH = "/mirrors/uci/optdigits.tes"

SIZE, SHA256 = 264_712, "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
"""Of the file in the UCI Machine Learning Repository."""


@pytest.fixture(scope="module")
def content(live: Site) -> bytes:
    """The file as it is served."""
    return live.get(PATH).body


def test_the_bytes_are_those_of_the_repository(content: bytes) -> None:
    assert len(content) == SIZE
    assert hashlib.sha256(content).hexdigest() == SHA256 == uci.SHA256


def test_it_has_a_line_of_65_integers_for_each_sample(content: bytes) -> None:
    assert b"\r" not in content
    assert content.endswith(b"\n")
    lines = content.decode("ascii").splitlines()
    assert len(lines) == 1_797
    for line in lines:
        assert len(line.split(",")) == 65
        assert all(0 <= int(value) <= 16 and value == str(int(value)) for value in line.split(","))


def test_it_is_load_digits(content: bytes) -> None:
    expected = load_digits()
    table = np.loadtxt(io.BytesIO(content), delimiter=",", dtype=np.uint8)
    assert np.array_equal(table[:, :-1], expected.data)
    assert np.array_equal(table[:, -1], expected.target)


def test_numpy_and_pandas_read_it_by_its_url(live: Site) -> None:
    expected = load_digits()
    with urlopen(live.url + PATH) as file:
        assert np.array_equal(np.loadtxt(file, delimiter=",")[:, -1], expected.target)
    frame = pd.read_csv(live.url + PATH, header=None)
    assert frame.shape == (1_797, 65)
    assert np.array_equal(frame.iloc[:, :-1], expected.data)


def test_it_is_text_and_compressed_on_request(live: Site, content: bytes) -> None:
    packed = live.get(PATH, {"Accept-Encoding": "gzip"})
    assert packed["Content-Type"] == "text/csv; header=absent"
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == content
    assert packed["ETag"] != live.head(PATH)["ETag"]


@pytest.mark.parametrize("name", ["optdigits.tra", "optdigits.names", "optdigits", ""])
def test_what_is_missing_is_404(live: Site, name: str) -> None:
    assert live.get(f"/mirrors/uci/{name}").status == 404
