"""The Release: the version of answers that depend on no data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """The version of what depends on the release alone: every entity tag holds that, so no digest is needed."""

    digest: str = "release"
    rev: str = "release"
