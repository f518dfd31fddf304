"""A StaticFile: bytes that depend on no request, read or made when the service starts, versioned by their digest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from service.http.representation import NO_HEADERS, Representation, Whole


@dataclass(frozen=True)
class StaticFile:
    """A file with its media type; other content has another entity tag."""

    media_type: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def rev(self) -> str:
        """The first 12 hex digits of the digest."""
        return self.digest[:12]

    def represent(
        self, *, cost: float = 0.0, cache_control: str | None = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> Representation:
        """The file as an answer; compressing it costs about `cost` milliseconds."""
        return Representation(
            media_type=self.media_type,
            body=Whole(lambda: self.content, cost),
            version=self,
            headers=headers,
            cache_control=cache_control,
        )
