"""Fixtures: splits of running servers, and a server that fails."""

from collections.abc import Iterator

import pytest

from digits_client import Split, connect
from tests.clients.python import flaky as places
from tests.sites import Site


@pytest.fixture
def flaky(site: Site) -> Iterator[places.Flaky]:
    """A flaky server before that of the made dataset."""
    with places.run_flaky(site) as place:
        yield place


@pytest.fixture(scope="session")
def train(site: Site) -> Split:
    """The made dataset's training split."""
    return connect(site.url).dataset("made")["train"]


@pytest.fixture(scope="session")
def all_digits(live: Site) -> Split:
    """All of the digits."""
    return connect(live.url).dataset("digits")["all"]
