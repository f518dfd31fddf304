"""A Split: a named range of a dataset, such as `mnist/train`. Knows its arrays; knows neither order nor batches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.data.card import Card
from service.data.encoded_rows import EncodedRows

if TYPE_CHECKING:
    from service.data.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Split:
    """A named range of the samples of a dataset.

    A dataset has exactly one Split object for each name (`Dataset.split`), and splits are compared by identity, so a
    split can be the key of what is computed from it.
    """

    dataset: Dataset = field(repr=False)
    name: str
    encoded: dict[str, EncodedRows] = field(default_factory=dict, repr=False)
    """Raw rows that are finished already, by the name of their encoding: only a shorter way to the same bytes."""

    @property
    def card(self) -> Card:
        """The card of the dataset."""
        return self.dataset.card

    @property
    def full_name(self) -> str:
        """The names of the dataset and the split, `mnist/train`."""
        return f"{self.card.name}/{self.name}"

    @property
    def span(self) -> range:
        """The positions of the samples in the split `all`."""
        return self.card.splits[self.name]

    @property
    def images(self) -> NDArray[np.uint8]:
        """The images, uint8 `(n, height, width)`: a read-only view."""
        return self.dataset.images[self.span.start : self.span.stop]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each sample, int64 `(n,)`: a read-only view."""
        return self.dataset.labels[self.span.start : self.span.stop]

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of the whole dataset."""
        return self.dataset.digest

    @property
    def rev(self) -> str:
        """The revision of the whole dataset: the first 12 digits of its digest."""
        return self.dataset.rev

    @cached_property
    def class_counts(self) -> NDArray[np.int64]:
        """The number of samples of each class, int64 `(classes,)`, read-only."""
        counts = np.bincount(self.labels, minlength=len(self.card.classes)).astype(np.int64)
        counts.flags.writeable = False
        return counts

    @property
    def arrays(self) -> Mapping[str, NDArray[np.uint8]]:
        """`images` `(n, height, width)` and `labels` `(n,)`, both uint8 and C-ordered, as files of arrays hold them."""
        return MappingProxyType({"images": self.images, "labels": self.labels.astype(np.uint8)})

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 (hex) of the split's `images` and of its `labels`, each as uint8 in C order."""
        return MappingProxyType({name: hashlib.sha256(one.data).hexdigest() for name, one in self.arrays.items()})

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.span)
