"""MNIST, from the four original files, which are part of the package."""

from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from service.data.card import Card, Licence, Loader, Reference, Returned
from service.data.dataset import Dataset
from service.datasets.axes import load_axes, load_tsne
from service.datasets.idx import IdxFile, IdxPair, load, restore
from service.datasets.source import Source

ORIGINALS = Path(__file__).parent / "originals"
"""Where the files lie; `make.sh` beside them tells how they were obtained."""

TRAIN = IdxPair(
    IdxFile(
        ORIGINALS / "train-images-idx3-ubyte.gz",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    IdxFile(
        ORIGINALS / "train-labels-idx1-ubyte.gz",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
)
"""The 60,000 training samples."""

TEST = IdxPair(
    IdxFile(
        ORIGINALS / "t10k-images-idx3-ubyte.gz",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    IdxFile(
        ORIGINALS / "t10k-labels-idx1-ubyte.gz",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
)
"""The 10,000 test samples."""

CARD = Card(
    name="mnist",
    title="MNIST database of handwritten digits",
    summary="70,000 grey images of handwritten digits, 28×28 pixels of 0…255: 60,000 to train on, 10,000 to test with.",
    description=(
        "Digits written by about 500 employees of the US Census Bureau and high-school students, size-normalised "
        "to 20×20 "
        "pixels and centred by their centre of mass in 28×28. Ink is bright (255), paper is dark (0). The "
        "writers of the "
        "training and of the test split are disjoint, and the first 5,000 test samples are cleaner than the last "
        "5,000. "
        "The splits are the original ones, in the original order."
    ),
    height=28,
    width=28,
    peak=255,
    classes=tuple("0123456789"),
    splits=MappingProxyType({"train": range(60_000), "test": range(60_000, 70_000), "all": range(70_000)}),
    reference="train",
    intended_uses=(
        "comparing with published results: nearly every method has a figure on these splits",
        "a first neural network, convolutional or not: small enough to train in minutes on a laptop",
        "trying out a training pipeline, a data loader or a deployment with real data",
    ),
    limitations=(
        "telling good image models apart: simple networks exceed 99 %, and the rest is label noise",
        "judging robustness: digits are centred, upright and of one size",
        "a quick lesson where every fit must take a second: the digits dataset is 40 times smaller",
    ),
    licence=Licence(
        name="CC BY-SA 3.0",
        url="https://creativecommons.org/licenses/by-sa/3.0/",
        note="Copyright of Yann LeCun and Corinna Cortes, a derivative work of the NIST datasets.",
    ),
    creators=("Yann LeCun", "Corinna Cortes", "Christopher J. C. Burges"),
    year=1998,
    citation=(
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document recognition. "
        "Proceedings of the IEEE 86(11):2278-2324, November 1998. doi:10.1109/5.726791"
    ),
    sources=(
        Reference(title="Home page of the authors", url="http://yann.lecun.com/exdb/mnist/"),
        Reference(title="Keras: MNIST digits classification dataset", url="https://keras.io/api/datasets/mnist/"),
    ),
    loaders=(
        Loader(
            library="Keras",
            call="(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()",
            returns=(
                Returned(
                    name="x_train",
                    shape=(60_000, 28, 28),
                    dtype="uint8",
                    range=(0, 255),
                    meaning="training images, grey, ink bright",
                ),
                Returned(
                    name="y_train", shape=(60_000,), dtype="uint8", range=(0, 9), meaning="digit of each training image"
                ),
                Returned(
                    name="x_test",
                    shape=(10_000, 28, 28),
                    dtype="uint8",
                    range=(0, 255),
                    meaning="test images, grey, ink bright",
                ),
                Returned(
                    name="y_test", shape=(10_000,), dtype="uint8", range=(0, 9), meaning="digit of each test image"
                ),
            ),
        ),
    ),
    digest="c2069063c1105f2bf96266aef1ff68c6e13bdda7a54e37bf19c16f1db24efc83",
)

AXES = "75403270e1cda1c92ef3e1dd25f26d011f1aaf1e4f0862b7e07cff783253f4b8"
"""SHA-256 of the file of its principal components."""

TSNE = "e246a34bdfd79502f0c46eb45422e3461165ed3e56eec52539c3c6ebb00c7fb7"
"""SHA-256 of the file of its map by t-SNE."""


def load_mnist() -> Dataset:
    """The dataset, from its original files.

    Raises:
        DamagedData: a file is missing or damaged.
    """
    return load(CARD, (TRAIN, TEST), axes=load_axes("mnist", sha256=AXES), tsne=load_tsne("mnist", sha256=TSNE))


def restore_mnist(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Dataset:
    """The dataset, of images and labels that were unpacked before.

    Raises:
        DamagedData: a file is missing or damaged, or the arrays are not MNIST's.
    """
    axes, tsne = load_axes("mnist", sha256=AXES), load_tsne("mnist", sha256=TSNE)
    return restore(CARD, (TRAIN, TEST), images, labels, axes=axes, tsne=tsne)


SOURCE = Source(CARD, load_mnist, restore_mnist)
