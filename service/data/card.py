"""A Card: what is known of a dataset without loading it. Pure values; knows neither arrays nor files."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Licence:
    """The terms a dataset is under, and where they are written."""

    name: str
    url: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A place to read on: what it is, and its address."""

    title: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Returned:
    """One thing that a library's loader returns: its name there, shape, dtype and range of values, and its meaning."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    range: tuple[float, float] | None = None
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Loader:
    """How a well-known library loads the same data, and what exactly it returns."""

    library: str
    call: str
    returns: tuple[Returned, ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """Facts that a person asks before using a dataset.

    Images are `height` × `width` pixels of integers 0…`peak`; label k means `classes[k]`. `splits` names ranges of
    the samples in their one order, in which `all` is everything. `reference` is the split whose mean and standard
    deviation standardise (the training split where there is one). `digest` is the SHA-256 that the content must
    have.
    """

    name: str
    title: str
    summary: str
    description: str
    height: int
    width: int
    peak: int
    classes: tuple[str, ...]
    splits: Mapping[str, range]
    reference: str
    intended_uses: tuple[str, ...]
    limitations: tuple[str, ...]
    licence: Licence
    creators: tuple[str, ...]
    year: int
    citation: str
    sources: tuple[Reference, ...]
    loaders: tuple[Loader, ...]
    digest: str

    @property
    def rev(self) -> str:
        """The first 12 hex digits of the digest: short enough for a URL, long enough to pin the data."""
        return self.digest[:12]

    @property
    def pixels(self) -> int:
        """Number of pixels of one image."""
        return self.height * self.width

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Column names of a flattened image, `pixel_{row}_{column}` as scikit-learn names them."""
        return tuple(f"pixel_{row}_{column}" for row in range(self.height) for column in range(self.width))
