"""The picture and the labels from which the examples of TensorFlow.js load MNIST in a browser."""

import zlib
from collections.abc import Iterator
from functools import partial

import numpy as np

from service.data.dataset import Dataset
from service.formats.png import SIGNATURE, write_chunk, write_header
from service.http.representation import File
from service.mirrors.mirror import Mirror, MirrorFile, Recipe

ROOT = "/mirrors/tfjs"

FIRST = 5_000
"""The first sample: those that the examples are made of are `train[5000:]`, then all of `test`."""

ROWS = 500
"""Rows of the picture that are compressed at a time: some 400 kB."""


def write_sprite(dataset: Dataset) -> Iterator[bytes]:
    """An 8-bit grey PNG, an image a row: 784 wide and 65,000 high for MNIST.

    It has no gamma and no colour profile, by which a canvas would change pixels. Only runs are compressed: that takes
    half the time of the fastest level of deflate, and gives a smaller file.

    Source: W3C PNG, third edition, sections 5, 9 and 11.
    """
    images = dataset.images[FIRST:].reshape(-1, dataset.card.pixels)
    yield SIGNATURE
    yield write_header(len(images), dataset.card.pixels, channels=1)
    compressor = zlib.compressobj(6, strategy=zlib.Z_RLE)
    for start in range(0, len(images), ROWS):
        lines = np.pad(images[start : start + ROWS], ((0, 0), (1, 0)))  # each begins with its filter type, 0: none
        yield write_chunk(b"IDAT", compressor.compress(lines.data))
    yield write_chunk(b"IDAT", compressor.flush())
    yield write_chunk(b"IEND", b"")


def write_labels(dataset: Dataset) -> Iterator[memoryview]:
    """For each image ten bytes, of which that of its class is 1 and the others are 0."""
    yield np.eye(len(dataset.card.classes), dtype=np.uint8)[dataset.labels[FIRST:]].reshape(-1).data


MIRROR = Mirror(
    name="tfjs",
    title="The sprite of the TensorFlow.js examples",
    summary="65,000 images, the rows of one grey picture, and their labels one-hot: train[5000:], then test.",
    root=ROOT,
    files={
        f"{ROOT}/mnist_images.png": MirrorFile(
            dataset="mnist",
            media_type="image/png",
            body=lambda dataset: File(partial(write_sprite, dataset), "mnist_images.png"),
        ),
        f"{ROOT}/mnist_labels_uint8": MirrorFile(
            dataset="mnist",
            media_type="application/octet-stream",
            body=lambda dataset: File(partial(write_labels, dataset), "mnist_labels_uint8"),
        ),
    },
    recipes=(
        Recipe(
            client="TensorFlow.js examples",
            language="javascript",
            code="""\
const MNIST_IMAGES_SPRITE_PATH = '{base}/mirrors/tfjs/mnist_images.png';
const MNIST_LABELS_PATH = '{base}/mirrors/tfjs/mnist_labels_uint8';""",
            note="In place of the two constants in data.js of the example mnist, and of those that were made of it.",
        ),
    ),
)
