"""A Dataset: a Card and the arrays that it describes. Knows how they are verified, not where they come from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from service.data.axes import Axes
from service.data.card import Card
from service.data.split import Split
from service.errors import DamagedData, Unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """A verified dataset in memory.

    `images` is uint8 `(n, height, width)`, `labels` int64 `(n,)`, both read-only and in the order of split `all`;
    `notes` is the text that its source ships with it. Where the source has them, `axes` are those of its map by
    principal components, and `tsne`, uint16 `(n, 2)` and read-only, is where t-SNE has placed each sample. `splits` has
    a Split for each name on the card. Datasets are compared by identity.
    """

    card: Card
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    notes: str
    axes: Axes | None = None
    tsne: NDArray[np.uint16] | None = None
    splits: Mapping[str, Split] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the splits once, so that there is one object for each name."""
        splits = {name: Split(self, name) for name in self.card.splits}
        object.__setattr__(self, "splits", MappingProxyType(splits))

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the images, then the labels as uint8, in the order of `all`."""
        return self.card.digest

    @property
    def rev(self) -> str:
        """The first 12 hex digits of the digest."""
        return self.card.rev

    def split(self, name: str) -> Split:
        """The split of this name, always the same object.

        Raises:
            Unknown: there is no such split.
        """
        try:
            return self.splits[name]
        except KeyError:
            raise Unknown("split", name, self.splits, where=self.card.name) from None


def verify(
    card: Card,
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    *,
    notes: str = "",
    axes: Axes | None = None,
    tsne: NDArray[np.uint16] | None = None,
) -> Dataset:
    """Make a Dataset of arrays after checking that they are what `card` says; they become read-only.

    Args:
        card: the facts to hold the arrays against.
        images: uint8 `(n, height, width)`, values 0…peak, C-contiguous.
        labels: uint8 `(n,)`, each the position of its class.
        notes: the text that the source ships with the data.
        axes: those of its map by principal components, where the source has some.
        tsne: its map by t-SNE, uint16 `(n, 2)`, where the source has one.

    Raises:
        DamagedData: shape or content differs from the card's.
    """
    expected = (len(card.splits["all"]), card.height, card.width)
    if images.shape != expected or labels.shape != expected[:1]:
        raise DamagedData(
            f"{card.name}: expected images {expected} and as many labels, found {images.shape} and {labels.shape}; "
            "reinstall the package."
        )
    if tsne is not None and tsne.shape != (len(images), 2):
        raise DamagedData(f"{card.name}: expected a map {(len(images), 2)}, found {tsne.shape}; reinstall the package.")
    found = content_digest(images, labels)
    if found != card.digest:
        raise DamagedData(
            f"{card.name}: the loaded content has SHA-256 {found}, expected {card.digest}; reinstall the package and "
            "the libraries its lock file names."
        )
    wide = labels.astype(np.int64)
    images.flags.writeable = False
    wide.flags.writeable = False
    return Dataset(card=card, images=images, labels=wide, notes=notes, axes=axes, tsne=tsne)


def content_digest(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> str:
    """SHA-256 (hex) of the images' bytes, then the labels' bytes, both uint8 in C order."""
    digest = hashlib.sha256(np.ascontiguousarray(images).data)
    digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()
