"""The Catalog: the datasets that are served, by name; and what a running application keeps."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypedDict

from service.data.dataset import Dataset
from service.errors import Unknown
from service.settings import Settings
from service.web.files import Files
from service.web.workshop import Workshop


class Pinned(Protocol):
    """Something whose content a digest pins: a dataset, or all of them."""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the content."""

    @property
    def rev(self) -> str:
        """The first 12 hex digits of the digest."""


@dataclass(frozen=True)
class Catalog:
    """Datasets by name, in the order in which they are listed."""

    datasets: Mapping[str, Dataset]

    def __getitem__(self, name: str) -> Dataset:
        """Return the dataset of this name; raises Unknown where there is none."""
        try:
            return self.datasets[name]
        except KeyError:
            raise Unknown("dataset", name, self.datasets) from None

    def __iter__(self) -> Iterator[Dataset]:
        """Iterate over the datasets."""
        return iter(self.datasets.values())

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the digests of all datasets."""
        return hashlib.sha256("".join(one.digest for one in self).encode()).hexdigest()

    @property
    def rev(self) -> str:
        """The first 12 hex digits of the digest."""
        return self.digest[:12]


class Kept(TypedDict):
    """What the application keeps from start to stop; the lifespan makes it, every request sees it."""

    catalog: Catalog
    settings: Settings
    workshop: Workshop
    files: Files
