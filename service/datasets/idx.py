"""The IDX format of MNIST and its successors (Fashion-MNIST, EMNIST, KMNIST): gzipped arrays of unsigned bytes."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from isal import igzip
from numpy.typing import NDArray

from service.data.axes import Axes
from service.data.card import Card
from service.data.dataset import Dataset, verify
from service.datasets.source import pinned_bytes
from service.errors import DamagedData

UNSIGNED_BYTE = 0x08
"""The type code of IDX for uint8, the only one that image datasets use."""

MOST_DIMENSIONS = 64
"""Dimensions that an array of NumPy can have."""


@dataclass(frozen=True)
class IdxFile:
    """One gzipped IDX file: where it lies, and the SHA-256 of its (compressed) bytes."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class IdxPair:
    """The images of a part of a dataset, and their labels."""

    images: IdxFile
    labels: IdxFile


def load(
    card: Card, parts: Sequence[IdxPair], *, axes: Axes | None = None, tsne: NDArray[np.uint16] | None = None
) -> Dataset:
    """A dataset whose parts lie one after the other in the order of `all`, with its maps if there are some.

    Raises:
        DamagedData: a file is missing, damaged, or not what the card says.
    """
    images = np.empty((len(card.splits["all"]), card.height, card.width), np.uint8)
    labels = np.empty(len(images), np.uint8)
    start = 0
    for part in parts:
        part_labels = read(part.labels)
        part_images = read(part.images)
        stop = start + len(part_images)
        if part_images.shape != images[start:stop].shape or part_labels.shape != labels[start:stop].shape:
            raise DamagedData(
                f"{part.images.path.name} holds an array {part_images.shape} and {part.labels.path.name} one of "
                f"{part_labels.shape}, which is not what the card of {card.name} says; reinstall the package."
            )
        images[start:stop], labels[start:stop] = part_images, part_labels
        start = stop
    if start != len(images):
        raise DamagedData(f"{card.name}: expected {len(images)} samples, found {start}; reinstall the package.")
    return verify(card, images, labels, axes=axes, tsne=tsne)


def restore(
    card: Card,
    parts: Sequence[IdxPair],
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    *,
    axes: Axes | None = None,
    tsne: NDArray[np.uint16] | None = None,
) -> Dataset:
    """The dataset that `load` gives, of arrays that were unpacked before; the packed files are verified all the same.

    Raises:
        DamagedData: a file is missing or damaged, or the arrays are not what the card says.
    """
    for part in parts:
        for file in (part.images, part.labels):
            pinned_bytes(file.path, file.sha256)
    return verify(card, images, labels, axes=axes, tsne=tsne)


def read(file: IdxFile) -> NDArray[np.uint8]:
    """The array in a gzipped IDX file, uint8, of the shape its header tells.

    Raises:
        DamagedData: the file is missing, is not the pinned one, or is not IDX of unsigned bytes.

    Source: the format's description that came with MNIST: two zero bytes, type code, number of dimensions, the
    dimensions as big-endian uint32, then the values in C order.
    """
    packed = pinned_bytes(file.path, file.sha256)
    try:
        content = igzip.decompress(packed)
        zeros, code, dimensions = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{dimensions}I", content, 4)
    except (OSError, EOFError, struct.error, ValueError) as error:
        raise DamagedData(f"{file.path.name} is not a gzipped IDX file ({error}); reinstall the package.") from None
    start = 4 + 4 * dimensions
    if zeros or code != UNSIGNED_BYTE or dimensions > MOST_DIMENSIONS or len(content) - start != prod(shape):
        raise DamagedData(
            f"{file.path.name} is not an IDX file of unsigned bytes with as many values as its header says; "
            "reinstall the package."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
