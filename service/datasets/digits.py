"""scikit-learn's digits, read from the file that `sklearn.datasets.load_digits()` reads.

Importing scikit-learn to call that function would take seconds and more than 100 MB of every start, to parse 57 kB; so
its file is found without importing it, parsed the same way, and proven equal by the card's digest (and, in the tests,
by the function itself).
"""

import gzip
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import numpy as np

from service.data.card import Card, Licence, Loader, Reference, Returned
from service.data.dataset import Dataset, verify
from service.datasets.axes import load_axes, load_tsne
from service.datasets.source import Source
from service.errors import DamagedData
from service.package import read_installed

CARD = Card(
    name="digits",
    title="Optical recognition of handwritten digits (scikit-learn's copy)",
    summary="1,797 grey images of handwritten digits, 8×8 pixels of 0…16, in one split.",
    description=(
        "The test part of UCI's optical recognition of handwritten digits, written by 13 people. Bitmaps of 32×32 were "
        "divided into blocks of 4×4 and the inked pixels of each block counted, so a pixel is an integer 0…16: ink is "
        "high, paper is 0. Drawn as a picture, 0…16 becomes 0…255 by round(v · 255 / 16). The data comes without "
        "a split into "
        "training and test."
    ),
    height=8,
    width=8,
    peak=16,
    classes=tuple("0123456789"),
    splits=MappingProxyType({"all": range(1_797)}),
    reference="all",
    intended_uses=(
        "lessons, documentation and tests: every scikit-learn estimator fits it within a second",
        "methods that are quadratic or worse in samples: kernels, t-SNE, spectral clustering, Gaussian processes",
        "a first look at a classifier, before moving on to MNIST",
    ),
    limitations=(
        "deep networks and anything that needs many samples: 1,797 is few",
        "comparing with published results: it is only the test part of the original, with no agreed split",
        "pictures for people to look at: 8×8 pixels hide the strokes",
    ),
    licence=Licence(
        name="CC BY 4.0",
        url="https://creativecommons.org/licenses/by/4.0/",
        note="UCI Machine Learning Repository; the copy comes with scikit-learn (BSD 3-Clause).",
    ),
    creators=("Ethem Alpaydin", "Cenk Kaynak"),
    year=1998,
    citation=(
        "E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits. UCI Machine Learning Repository, 1998. "
        "doi:10.24432/C50P49"
    ),
    sources=(
        Reference(
            title="UCI Machine Learning Repository",
            url="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
        ),
        Reference(
            title="scikit-learn: load_digits",
            url="https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_digits.html",
        ),
    ),
    loaders=(
        Loader(
            library="scikit-learn",
            call="sklearn.datasets.load_digits()",
            returns=(
                Returned(
                    name="data",
                    shape=(1_797, 64),
                    dtype="float64",
                    range=(0, 16),
                    meaning="flattened images, a row each",
                ),
                Returned(name="target", shape=(1_797,), dtype="int64", range=(0, 9), meaning="digit of each image"),
                Returned(name="images", shape=(1_797, 8, 8), dtype="float64", range=(0, 16), meaning="the images"),
                Returned(name="target_names", shape=(10,), dtype="int64", range=(0, 9), meaning="the classes"),
                Returned(
                    name="feature_names",
                    shape=(64,),
                    dtype="str",
                    meaning="pixel_{row}_{column} of each column of data",
                ),
                Returned(name="DESCR", shape=(), dtype="str", meaning="the dataset's description, see `notes` here"),
            ),
        ),
    ),
    digest="87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826",
)

AXES = "97c40d27331c21aaee0149923aed105b7c62719e438ad0b5f5e4afefd6e382ee"
"""SHA-256 of the file of its principal components."""

TSNE = "319603a8363c37f3b1fc0e16a01e728d5c0e434e1474f3ba91fdc1c60a037b0b"
"""SHA-256 of the file of its map by t-SNE."""


def load_digits() -> Dataset:
    """The dataset, with scikit-learn's description as its notes.

    Raises:
        DamagedData: scikit-learn or its data file is missing or damaged, its content is not what the card says, or a
            map is damaged.
    """
    found = find_spec("sklearn")
    if found is None or not found.submodule_search_locations:
        raise DamagedData("scikit-learn, whose data file holds the digits, is not installed; reinstall the package.")
    folder = Path(found.submodule_search_locations[0]) / "datasets"
    try:
        with gzip.open(folder / "data" / "digits.csv.gz", "rt", encoding="ascii") as lines:
            table = np.loadtxt(lines, delimiter=",", dtype=np.uint8, ndmin=2)
    except (OSError, EOFError, ValueError) as error:
        raise DamagedData(f"scikit-learn's digits cannot be read ({error}); reinstall scikit-learn.") from None
    notes = read_installed("scikit-learn", "sklearn/datasets/descr/digits.rst").decode()
    images = np.ascontiguousarray(table[:, :-1]).reshape(-1, CARD.height, CARD.width)
    axes, tsne = load_axes("digits", sha256=AXES), load_tsne("digits", sha256=TSNE)
    return verify(CARD, images, table[:, -1], notes=notes, axes=axes, tsne=tsne)


SOURCE = Source(CARD, load_digits)
