"""The Catalog: the datasets that are served, by name."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from service.data.dataset import Dataset
from service.errors import Unknown


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
