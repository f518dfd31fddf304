"""A Representation: what an endpoint returns. The values from which the executor makes a response."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from service.http.background import Improvement

Encoded = bytes | memoryview
"""Finished bytes; a memoryview where it saves a copy of the whole."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

TEXT_TYPES = frozenset(
    {
        "application/json",
        "application/openmetrics-text",
        "application/x-ndjson",
        "image/svg+xml",
        "text/css",
        "text/csv",
        "text/html",
        "text/javascript",
        "text/plain",
        "text/xml",
    }
)
"""Media types that are compressed for transport on request; all others are compressed already or not worth it."""


class Versioned(Protocol):
    """Something whose content a digest pins, such as a dataset."""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the content."""

    @property
    def rev(self) -> str:
        """The first 12 hex digits of the digest."""


class MediaFormat(Protocol):
    """A format as HTTP knows it."""

    @property
    def name(self) -> str:
        """What `?format=` calls it."""

    @property
    def media_type(self) -> str:
        """The value of `Content-Type`."""


Make = Callable[[], Encoded]
"""What makes a body."""


@dataclass(frozen=True)
class Whole:
    """A body that is made in one piece; `make` costs about `cost` milliseconds of one core.

    `memory` is how many bytes the making and the body take at most together; a body of up to a megabyte need not tell.
    `held` is true of a view of what is in memory in any case: to keep it would save nothing.
    """

    make: Make
    cost: float = 0.0
    memory: int = 0
    held: bool = False


@dataclass(frozen=True)
class Pieces:
    """A body that is made while it is sent.

    Every piece costs a few milliseconds at most, but for the first, which costs about `cost` milliseconds. `length` is
    the number of all bytes, where it is known beforehand.
    """

    make: Callable[[], Iterable[Encoded]]
    length: int | None = None
    cost: float = 0.0


@dataclass(frozen=True)
class File:
    """A body that is built once, kept on disk, and offered under a file name; never content-coded.

    It has about `size` bytes, and building it costs about `cost` milliseconds of one core.
    """

    make: Callable[[], Iterable[Encoded]]
    filename: str
    size: int = 0
    cost: float = 500.0


@dataclass(frozen=True)
class Original:
    """A body that is a file of the package, sent as it is under a file name; never content-coded."""

    path: Path
    filename: str


class Finished(Protocol):
    """A file that is built or original: its size, and what checksums it has."""

    def __len__(self) -> int:
        """Return the number of bytes."""

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the content."""

    @property
    def md5(self) -> str:
        """MD5 (hex) of the content, which older protocols ask for."""


@dataclass(frozen=True)
class Listing:
    """A body that tells sizes and checksums of files, which are built for it where they are not there yet."""

    files: Mapping[str, "Representation"]
    make: Callable[[Mapping[str, Finished]], Encoded]


@dataclass(frozen=True, kw_only=True)
class Representation:
    """One representation of a resource: what it is, and how its bytes are made.

    Attributes:
        media_type: the value of `Content-Type`.
        body: makes the bytes. It is not called for a request that needs none.
        version: the data that the bytes depend on, besides the URL; None where there is none (health, metrics).
        headers: further headers.
        improvement: work in the background that would make such an answer cheaper.
        storable: whether the same request gets the same bytes again. If not, the answer has no validators and no
            cache may store it.
        pinned: whether `rev` pins every byte, so that caches may keep the answer for ever. A text that a release may
            change is not pinned.
        cache_control: the value of `Cache-Control`, where the rule for data does not fit.
        identity: names the bytes where several URLs give the same.
        absolute: whether the body holds absolute URLs, and so depends on the address that the client has used.
    """

    media_type: str
    body: Whole | Pieces | File | Original | Listing
    version: Versioned | None
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    improvement: Improvement | None = None
    storable: bool = True
    pinned: bool = True
    cache_control: str | None = None
    identity: str | None = None
    absolute: bool = False

    @property
    def compressible(self) -> bool:
        """Whether the body is compressed on request."""
        return not isinstance(self.body, File | Original) and self.media_type.partition(";")[0] in TEXT_TYPES
