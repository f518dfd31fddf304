"""Fixtures: servers of the real datasets that tests may harm."""

import sys
from collections.abc import Iterator

import pytest

from tests.processes import SERVE, RunningServer, run_server


@pytest.fixture(scope="module")
def victim() -> Iterator[RunningServer]:
    """A server of the tests of one module."""
    with run_server([sys.executable, *SERVE]) as server:
        yield server
        assert server.is_running
