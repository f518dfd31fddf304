"""The original data, read from the files of their authors, and what an engine must have read of them."""

import gzip
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.processes import ROOT

FILES = ROOT / "service" / "datasets" / "originals"


@dataclass(frozen=True, eq=False)
class Rows:
    """Samples in the order in which an engine gave them: images `(n, 784)`."""

    index: NDArray[np.int64]
    label: NDArray[np.int64]
    image: NDArray[np.uint8]


def read_originals(prefix: str) -> Rows:
    """Return the samples of the files `train-…` or `t10k-…` (IDX: 16 and 8 bytes of header, then unsigned bytes)."""
    images = np.frombuffer(
        gzip.decompress((FILES / f"{prefix}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16
    )
    labels = np.frombuffer(gzip.decompress((FILES / f"{prefix}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    return Rows(np.arange(len(labels)), labels.astype(np.int64), images.reshape(len(labels), -1))


def check_exactly_once(found: Rows, expected: Rows) -> None:
    """Compare what was found with what is expected, in any order: every sample once, with its values."""
    assert np.array_equal(np.sort(found.index), expected.index)
    assert np.array_equal(found.label, expected.label[found.index])
    assert np.array_equal(found.image, expected.image[found.index])
