"""MNIST against the figures that were computed from the authors' files."""

import gzip
import hashlib
import struct

import numpy as np
import pytest

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.datasets.mnist import ORIGINALS

FILES = {
    "train-images-idx3-ubyte": (
        9_912_422,
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        b"train-images.idx3-ubyte",
        0x3290827A,
        "6bbc9ace898e44ae57da46a324031adb",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte": (
        28_881,
        "d53e105ee54ea40749a09fcbcd1e9432",
        b"train-labels.idx1-ubyte",
        0x32908286,
        "a25bea736e30d166cdddb491f175f624",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte": (
        1_648_877,
        "9fb629c4189551a2d022fa330f9573f3",
        b"t10k-images.idx3-ubyte",
        0x34CCA6AD,
        "2646ac647ad5339dbf082846283269ea",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte": (
        4_542,
        "ec29112dd5afa0611ce80d1b7f02629c",
        b"t10k-labels.idx1-ubyte",
        0x34CCA6C4,
        "27ae3e4e09519cfbb04c329615203637",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}
"""By file: size and MD5 of the original `.gz`, name and time in its header, MD5 and SHA-256 of what is in it."""


@pytest.mark.parametrize("name", FILES)
def test_the_package_carries_the_original_files_byte_for_byte(name: str) -> None:
    size, packed_md5, inner_name, mtime, md5, sha256 = FILES[name]
    packed = (ORIGINALS / f"{name}.gz").read_bytes()
    assert len(packed) == size
    assert hashlib.md5(packed, usedforsecurity=False).hexdigest() == packed_md5
    assert struct.unpack_from("<4xI", packed) == (mtime,)
    assert packed[10:].startswith(inner_name + b"\0")
    content = gzip.decompress(packed)
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == md5
    assert hashlib.sha256(content).hexdigest() == sha256


@pytest.mark.parametrize(
    ("split", "counts"),
    [
        ("train", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]),
        ("test", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
    ],
)
def test_every_split_has_as_many_of_each_digit_as_the_original(mnist: Dataset, split: str, counts: list[int]) -> None:
    assert np.bincount(Selection.of(mnist.split(split)).labels).tolist() == counts


@pytest.mark.parametrize(("split", "prefix"), [("train", "train"), ("test", "t10k")])
def test_the_arrays_are_what_the_files_hold_after_their_headers(mnist: Dataset, split: str, prefix: str) -> None:
    selection = Selection.of(mnist.split(split))
    for array, kind, header in ((selection.images, "images-idx3", 16), (selection.labels, "labels-idx1", 8)):
        content = gzip.decompress((ORIGINALS / f"{prefix}-{kind}-ubyte.gz").read_bytes())
        assert array.astype(np.uint8).tobytes() == content[header:]


def test_the_first_samples_are_the_well_known_ones(mnist: Dataset) -> None:
    assert Selection.of(mnist.split("train")).labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert Selection.of(mnist.split("test")).labels[:5].tolist() == [7, 2, 1, 0, 4]
