"""A fleet: two replicas of the real data behind the nginx that is shipped."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.browser import stage
from tests.fleet.nginx import Nginx, find_nginx, run_nginx
from tests.fleet.replica import Replica, run_replicas
from tests.sites import Site


@dataclass(frozen=True)
class Fleet:
    """Replicas, and nginx in front of them."""

    replicas: list[Replica]
    nginx: Nginx

    @property
    def front(self) -> Site:
        """What clients see."""
        return Site(self.nginx.url)


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two replicas; a test that ends one starts it again."""
    program = find_nginx() or stage.program("nginx-light")
    folder = tmp_path_factory.mktemp("nginx")
    with (
        run_replicas(2, sys.executable) as replicas,
        run_nginx(program, folder, [one.address for one in replicas]) as nginx,
    ):
        yield Fleet(replicas, nginx)
