"""Replicas of the service: processes of the service's own environment, on free ports of loopback."""

from contextlib import AbstractContextManager

from tests.processes import SERVE, SERVICE_PYTHON, RunningServer, run_server


def run_service() -> AbstractContextManager[RunningServer]:
    """The service itself, with the real data."""
    return run_server([SERVICE_PYTHON, *SERVE])


def run_other_data() -> AbstractContextManager[RunningServer]:
    """The service with the small dataset of the tests, which it calls `mnist`."""
    return run_server([SERVICE_PYTHON, "-m", "tests.engines.other_data"])
