"""Fixtures: running replicas, and the original data."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from digits_client.partitions import ReplicatedSplit, find_split
from tests.engines.originals import Rows, read_originals
from tests.engines.replicas import run_other_data, run_service
from tests.processes import RunningServer


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the engines on this machine, quiet, and out of the home directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -Djava.net.preferIPv4Stack=true")  # starts sooner
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="session")
def replicas() -> Iterator[list[RunningServer]]:
    """Three replicas of the service, which no test kills."""
    with ExitStack() as stack:
        yield [stack.enter_context(run_service()) for _ in range(3)]


@pytest.fixture
def victim() -> Iterator[RunningServer]:
    """A replica to kill."""
    with run_service() as running:
        yield running


@pytest.fixture(scope="session")
def other() -> Iterator[RunningServer]:
    """A service with other data under the name `mnist`, 8 samples to test with."""
    with run_other_data() as running:
        yield running


@pytest.fixture(scope="session")
def split(replicas: list[RunningServer]) -> ReplicatedSplit:
    """MNIST's test split on three replicas."""
    return find_split([one.url for one in replicas], dataset="mnist", split="test")


@pytest.fixture(scope="session")
def originals() -> Rows:
    """The original 10,000 samples to test with."""
    return read_originals("t10k")
