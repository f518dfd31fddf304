"""IDX files, and the proof that another dataset (Fashion-MNIST, say) is one Source."""

import gzip
import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from service.data.dataset import Dataset, content_digest
from service.data.projection import axes_of
from service.datasets.idx import IdxFile, IdxPair, load, read
from service.datasets.source import Source
from service.errors import DamagedData
from tests import made

CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def write(path: Path, content: bytes) -> IdxFile:
    """A gzipped file of any content, pinned."""
    packed = gzip.compress(content, mtime=0)
    path.write_bytes(packed)
    return IdxFile(path, hashlib.sha256(packed).hexdigest())


def format_idx(array: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def make_fashion(folder: Path) -> tuple[Source, NDArray[np.uint8], NDArray[np.uint8]]:
    """What a file in `service/datasets/` would hold for Fashion-MNIST, on 50 + 20 made images, and their arrays."""
    random = np.random.default_rng(7)
    images = random.integers(0, 256, (70, 28, 28), np.uint8)
    labels = random.integers(0, 10, 70, np.uint8)
    parts = [
        IdxPair(
            write(folder / f"{name}-images-idx3-ubyte.gz", format_idx(images[part])),
            write(folder / f"{name}-labels-idx1-ubyte.gz", format_idx(labels[part])),
        )
        for name, part in (("train", slice(50)), ("t10k", slice(50, 70)))
    ]
    card = replace(
        made.card(images, labels, name="fashion", peak=255),
        title="Fashion-MNIST",
        classes=CLOTHES,
        splits={"train": range(50), "test": range(50, 70), "all": range(70)},
        digest=content_digest(images, labels),
    )
    return Source(card, lambda: load(card, parts)), images, labels


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=4)))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, array: NDArray[np.uint8]) -> None:
    file = write(tmp_path_factory.mktemp("idx") / "array.gz", format_idx(array))
    assert np.array_equal(read(file), array)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        struct.pack(">HBBI", 0, 8, 1, 3) + b"ab",
        struct.pack(">HBBI", 0, 8, 1, 3) + b"abcd",
        struct.pack(">HBBI", 0, 0x0D, 1, 1) + b"abcd",
        struct.pack(">HBBI", 1, 8, 1, 1) + b"a",
        struct.pack(">HBB", 0, 8, 3),
    ],
    ids=["empty", "cut header", "too few", "too many", "floats", "no zeros", "no dimensions"],
)
def test_a_file_that_is_no_idx_of_bytes_is_damage(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DamagedData, match=r"array\.gz is not .*reinstall"):
        read(write(tmp_path / "array.gz", content))


def test_a_file_that_is_no_gzip_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "array.gz"
    path.write_bytes(b"plain")
    with pytest.raises(DamagedData, match=r"array\.gz is not a gzipped IDX file"):
        read(IdxFile(path, hashlib.sha256(b"plain").hexdigest()))


def test_parts_that_do_not_fit_the_card_are_damage(tmp_path: Path) -> None:
    images, labels = made.values()
    card = made.card(images, labels)
    right = IdxPair(write(tmp_path / "i.gz", format_idx(images)), write(tmp_path / "l.gz", format_idx(labels)))
    turned = write(tmp_path / "t.gz", format_idx(images.reshape(-1, made.WIDTH, made.HEIGHT)))
    fewer = write(tmp_path / "f.gz", format_idx(labels[1:]))
    assert isinstance(load(card, [right]), Dataset)
    for wrong in (IdxPair(turned, right.labels), IdxPair(right.images, fewer), IdxPair(right.labels, right.images)):
        with pytest.raises(DamagedData, match="not what the card of made says"):
            load(card, [wrong])
    for parts in ([], [right, right]):
        with pytest.raises(DamagedData, match="made"):
            load(card, parts)


def test_another_dataset_is_one_source(tmp_path: Path) -> None:
    source, images, labels = make_fashion(tmp_path)
    data = source.load()
    assert np.array_equal(data.images, images)
    assert np.array_equal(data.labels, labels)
    assert len(data.split("test")) == 20
    assert axes_of(data).split == "train"
