"""Fixtures: servers of the real datasets that tests may harm."""

import sys
from collections.abc import Iterator

import pytest

from tests.processes import SERVE, RunningServer, run_server


@pytest.fixture(scope="session")
def victim() -> Iterator[RunningServer]:
    """A server, which is at rest between tests."""
    with run_server([sys.executable, *SERVE]) as server:
        yield server
        assert server.is_running
