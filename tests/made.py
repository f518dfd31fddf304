"""A dataset made for tests: small, no squares, no bytes' peak, and a class that one of its splits lacks."""

from types import MappingProxyType

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from service.data.batch import Batch, Layout, to_layout
from service.data.card import Card, Licence, Loader, Reference, Returned
from service.data.dataset import Dataset, content_digest, verify
from service.datasets.source import Source

HEIGHT, WIDTH, PEAK = 3, 5, 10
"""No square, so that rows and columns cannot be mistaken; no 255, so that scaling is not the identity."""

TRAIN, TEST = 23, 8
"""Samples in each split; `all` is both."""

CLASSES = ("ant", "bee", "cow", "dog")
"""Names that are no digits. No dog is in the test split."""


def card(images: NDArray[np.uint8], labels: NDArray[np.uint8], *, name: str = "made", peak: int = PEAK) -> Card:
    """The card of arrays: their first samples train, their last ones test."""
    n, height, width = images.shape
    train = n - min(TEST, n // 2)
    return Card(
        name=name,
        title="Made insects and beasts",
        summary="A few images.",
        description="Random numbers.",
        height=height,
        width=width,
        peak=peak,
        classes=CLASSES,
        splits=MappingProxyType({"train": range(train), "test": range(train, n), "all": range(n)}),
        reference="train",
        intended_uses=("tests",),
        limitations=("anything else",),
        licence=Licence(name="CC0", url="https://creativecommons.org/publicdomain/zero/1.0/", note="made"),
        creators=("nobody",),
        year=2026,
        citation="none",
        sources=(Reference(title="none", url="https://example.org/"),),
        loaders=(
            Loader(
                library="none",
                call="load()",
                returns=(Returned(name="x", shape=images.shape, dtype="uint8", meaning="all"),),
            ),
        ),
        digest=content_digest(images, labels),
    )


def values(*, seed: int = 0, n: int = TRAIN + TEST) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images that are all different, with every intensity, and labels of which no last ones are a dog's."""
    random = np.random.default_rng(seed)
    images = random.integers(0, PEAK + 1, (n, HEIGHT, WIDTH), np.uint8)
    labels = np.concatenate([random.integers(0, 4, n - TEST), random.integers(0, 3, TEST)]).astype(np.uint8)
    return images, labels


def source(*, name: str = "made", seed: int = 0) -> Source:
    """The made dataset, as a Source that verifies it."""
    images, labels = values(seed=seed)
    facts = card(images, labels, name=name)
    return Source(facts, lambda: verify(facts, images.copy(), labels.copy(), notes="Made for tests."))


def dataset(images: NDArray[np.uint8], labels: NDArray[np.uint8], *, peak: int = PEAK) -> Dataset:
    """A Dataset of any arrays."""
    return verify(card(images, labels, peak=peak), images, labels)


@st.composite
def datasets(draw: st.DrawFn, *, most: int = 30) -> Dataset:
    """Datasets of up to `most` small images, of any classes."""
    n = draw(st.integers(2, most))
    shape = (n, draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    images = draw(arrays.arrays(np.uint8, shape, elements=st.integers(0, PEAK)))
    labels = draw(arrays.arrays(np.uint8, n, elements=st.integers(0, len(CLASSES) - 1)))
    return dataset(images, labels)


KINDS = ("noise", "clusters", "copies", "extremes", "shades")
"""What images of bytes can be like: see `draw_images`."""


def draw_images(kind: str, *, seed: int, n: int, side: int) -> NDArray[np.uint8]:
    """Images of bytes: far from one another, near to some, equal to some, of 0 and 255, or multiples of one image."""
    random = np.random.default_rng(seed)
    few = random.integers(0, 256, (3, side, side))[random.integers(0, 3, n)]
    if kind == "shades":
        return (random.integers(0, 2, (side, side)) * random.integers(0, 256, (n, 1, 1))).astype(np.uint8)
    if kind == "clusters":
        return (few + random.integers(-3, 4, few.shape)).clip(0, 255).astype(np.uint8)
    noise = random.integers(0, 256, few.shape)
    return {"noise": noise, "copies": few, "extremes": noise // 128 * 255}[kind].astype(np.uint8)


@st.composite
def byte_datasets(draw: st.DrawFn) -> Dataset:
    """Datasets of up to 200 images of 0…255, of one of the `KINDS`, some of more pixels than a sketch has numbers."""
    n, side, kind = draw(st.integers(2, 200)), draw(st.integers(1, 12)), draw(st.sampled_from(KINDS))
    images = draw_images(kind, seed=draw(st.integers(0, 2**32)), n=n, side=side)
    return dataset(images, np.zeros(n, np.uint8), peak=255)


@st.composite
def batches(draw: st.DrawFn, *, layouts: frozenset[Layout], least: int = 0) -> Batch:
    """Batches of at least `least` samples, raw or scaled, in one of the layouts."""
    n, height, width = draw(st.integers(least, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    if draw(st.booleans()):
        image = draw(arrays.arrays(np.uint8, (n, height, width)))
    else:
        finite = st.floats(-10, 10, width=32)
        image = draw(arrays.arrays(np.float32, (n, height, width), elements=finite))
    return Batch.of(
        index=draw(arrays.arrays(np.int64, n)),
        label=draw(arrays.arrays(np.int64, n)),
        image=to_layout(image, draw(st.sampled_from(sorted(layouts)))),
        height=height,
        width=width,
        peak=255,
        facts={"dataset": "made", "peak": "255"},
    )
