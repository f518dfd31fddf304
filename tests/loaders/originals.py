"""The original data, read from the files of their authors without the service, and how samples are compared."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.processes import ROOT

FILES = ROOT / "service" / "datasets" / "originals"
"""The four files of MNIST."""


def hash_samples(images: ArrayLike, labels: ArrayLike) -> str:
    """The SHA-256 of images, then labels, as bytes in the order given, whatever their shape and type of number.

    Raises:
        AssertionError: a value is no integer from 0 to 255.
    """
    digest = hashlib.sha256()
    for values in map(np.asarray, (images, labels)):
        octets = values.astype(np.uint8)
        assert np.array_equal(octets, values), "A value is no integer from 0 to 255."
        digest.update(octets.tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Samples:
    """Images `(n, height, width)` and labels `(n,)`, both uint8."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    @property
    def digest(self) -> str:
        """What `hash_samples` gives for them."""
        return hash_samples(self.images, self.labels)

    def __getitem__(self, chosen: Any) -> "Samples":
        """Return the samples that an index of NumPy chooses."""
        return Samples(self.images[chosen], self.labels[chosen])


class Originals:
    """The original samples, each read when it is first asked for."""

    @cached_property
    def train(self) -> Samples:
        """The 60,000 of MNIST to train with."""
        return read_mnist("train")

    @cached_property
    def test(self) -> Samples:
        """The 10,000 of MNIST to test with."""
        return read_mnist("t10k")

    @cached_property
    def digits(self) -> Samples:
        """The 1,797 of scikit-learn."""
        return read_digits()


def join(*parts: Samples) -> Samples:
    """Return the samples of several, one after the other."""
    return Samples(np.concatenate([one.images for one in parts]), np.concatenate([one.labels for one in parts]))


def read_mnist(prefix: str) -> Samples:
    """Return the samples of the files `train-…` or `t10k-…`."""
    return Samples(_read_idx(f"{prefix}-images-idx3-ubyte.gz"), _read_idx(f"{prefix}-labels-idx1-ubyte.gz"))


def _read_idx(name: str) -> NDArray[np.uint8]:
    """Return the array of a gzipped IDX file: two zeros, 8 for bytes, the number of axes, big-endian sizes, values."""
    content = gzip.decompress((FILES / name).read_bytes())
    assert content[:3] == b"\0\0\x08", name
    shape = np.frombuffer(content, ">i4", content[3], 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(shape)


def read_digits() -> Samples:
    """Return the samples of scikit-learn's digits, values 0 to 16."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - older generations of loaders do without

    bunch = load_digits()
    return Samples(bunch.images.astype(np.uint8), bunch.target.astype(np.uint8))
