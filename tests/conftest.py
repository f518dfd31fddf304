"""What most tests stand on: a small made dataset, the real ones, and real servers of each."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from service.app import create_app
from service.data.dataset import Dataset
from service.datasets import SOURCES
from service.settings import Settings
from tests import made, sites

# A machine under load makes single examples slow, which is no failure; the same examples are drawn in every run.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    """The made dataset."""
    return made.source().load()


@pytest.fixture(scope="session")
def site() -> Iterator[sites.Site]:
    """A server of the made dataset, in this process."""
    with sites.serving(create_app(Settings(), [made.source()])) as running:
        yield running


@pytest.fixture(scope="session")
def live() -> Iterator[sites.Site]:
    """A server of the real datasets: the command itself, as a process of its own."""
    with sites.process() as running:
        yield running


@pytest.fixture(scope="session")
def real() -> dict[str, Dataset]:
    """The real datasets by name."""
    return {source.card.name: source.load() for source in SOURCES}


@pytest.fixture(scope="session")
def mnist(real: dict[str, Dataset]) -> Dataset:
    """MNIST."""
    return real["mnist"]


@pytest.fixture(scope="session")
def digits(real: dict[str, Dataset]) -> Dataset:
    """scikit-learn's digits."""
    return real["digits"]
