"""What the tests of the server stand on: a server whose application tells what it received."""

from collections.abc import Iterator

import pytest

from tests import sites
from tests.http import echo


@pytest.fixture(scope="session")
def server() -> Iterator[sites.Site]:
    """A server of the echo application."""
    with sites.serving(echo.app) as running:
        yield running
