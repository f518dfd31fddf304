"""A service that has answered requests of many kinds, and a Prometheus that asks it."""

from collections.abc import Iterator

import pytest

from service.app import create_app
from service.settings import Settings
from tests import made, sites
from tests.deploy.prometheus import Prometheus, run_prometheus

TARGETS = (
    *("/", "/livez", "/readyz", "/nowhere", "/v1/datasets", "/v1/datasets/made/train/rows?limit=0"),
    *("/v1/datasets/made/train.csv", "/v1/datasets/made/train/samples/0.png", "/v1/datasets/made/train/samples/0.png"),
)
"""Requests of many kinds, among them one whose answer is in memory, one that builds a file, and two that fail."""


@pytest.fixture(scope="package")
def used_site() -> Iterator[sites.Site]:
    """A server that has answered requests."""
    with sites.serving(create_app(Settings(), [made.source()])) as site:
        for target in TARGETS:
            site.get(target)
        yield site


@pytest.fixture(scope="package")
def prometheus(used_site: sites.Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has asked that server a few times, with answers in between."""
    with run_prometheus(used_site, tmp_path_factory.mktemp("prometheus")) as running:
        running.wait_for("digits_ready == 1")
        for target in TARGETS:
            used_site.get(target)
        running.wait_for("count_over_time(digits_ready[1m]) > 3")
        yield running
