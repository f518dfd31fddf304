"""Fixtures: a server, and the splits that are read from it."""

from collections.abc import Iterator

import pytest

from digits_client import Split, connect
from tests.processes import SERVE, SERVICE_PYTHON, run_server


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The address of a server of the real datasets."""
    with run_server([SERVICE_PYTHON, *SERVE]) as running:
        yield running.url


@pytest.fixture(scope="session")
def digits(url: str) -> Split:
    """All of the digits: 1,797 samples."""
    return connect(url).dataset("digits")["all"]
