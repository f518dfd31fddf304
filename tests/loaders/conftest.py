"""Fixtures: a service, what was asked of it, the original data; and walls around every test.

No loader gets to another machine: Python is stopped by the guard, in child processes too, and other programs and
libraries find a proxy where nothing listens. None finds the home directory or a cache of whoever runs the tests.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.loaders.access_log import AccessLog
from tests.loaders.guard import sitecustomize
from tests.loaders.originals import Originals
from tests.processes import SERVE, SERVICE_PYTHON, RunningServer, run_server

NO_PROXY = "127.0.0.1,localhost"
DEAD_PROXY = "http://127.0.0.1:9"
"""Port 9 is for discarding (RFC 863); nothing listens there."""

CACHES = ("KERAS_HOME", "HF_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "SCIKIT_LEARN_DATA", "OPENML_CACHE_DIR")
"""Environment variables by which loaders find a folder of their own; they find a new one below HOME instead."""

LEFT_OUT = ("HF_DATASETS_CACHE", "HF_ENDPOINT", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN", "TORCH_HOME")
"""Environment variables that would lead a loader elsewhere."""


def make_environment(home: Path) -> dict[str, str]:
    """Return the environment of a loader whose home directory is `home`."""
    proxies = {name: DEAD_PROXY for one in ("http_proxy", "https_proxy", "all_proxy") for name in (one, one.upper())}
    return {
        **proxies,
        "no_proxy": NO_PROXY,
        "NO_PROXY": NO_PROXY,
        "PYTHONPATH": str(Path(sitecustomize.__file__).parent),
        sitecustomize.ATTEMPTS: str(home / "attempts"),
        "HOME": str(home),
        **{name: str(home / name.lower()) for name in CACHES},
        "KERAS_BACKEND": "torch",  # which torchvision needs, too
    }


def pytest_configure(config: pytest.Config) -> None:
    """Build the walls before any loader is imported: some read the environment only then."""
    folder = TemporaryDirectory()
    config.add_cleanup(folder.cleanup)
    for name in LEFT_OUT:
        os.environ.pop(name, None)
    os.environ.update(make_environment(Path(folder.name)))
    sys.addaudithook(sitecustomize.refuse)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The empty home directory of a test, which must not try to reach another machine."""
    folder = tmp_path_factory.mktemp("home")
    for name, value in make_environment(folder).items():
        monkeypatch.setenv(name, value)
    yield folder
    attempts = folder / "attempts"
    assert not attempts.exists(), f"Tried to reach another machine:\n{attempts.read_text()}"


@pytest.fixture(scope="session")
def service() -> Iterator[RunningServer]:
    """A service with both datasets that writes a line for every request."""
    with run_server(
        [SERVICE_PYTHON, *SERVE], environment={**os.environ, "DIGITS_ACCESS_LOG": "true", "DIGITS_LOG_FORMAT": "json"}
    ) as running:
        yield running


@pytest.fixture(scope="session")
def url(service: RunningServer) -> str:
    """The address of the service, without a slash at the end."""
    return service.url


@pytest.fixture(scope="session")
def session_log(service: RunningServer) -> AccessLog:
    """Its access log, with the requests of other tests."""
    return AccessLog(service.url, service.messages)


@pytest.fixture
def access_log(session_log: AccessLog) -> AccessLog:
    """The access log of the service, from the beginning of the test on."""
    session_log.read()
    return session_log


@pytest.fixture(scope="session")
def originals() -> Originals:
    """The original data."""
    return Originals()
