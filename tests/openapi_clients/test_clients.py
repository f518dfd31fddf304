"""Clients made by generators of the document compile, and get of a real server what its answers say."""

import json
from pathlib import Path

import pytest

from tests.openapi_clients.clients import BUILD
from tests.openapi_clients.facts import Facts, read_facts
from tests.openapi_clients.tools import run
from tests.sites import Site

CANNOT = {
    "openapi-generator python": {"taken_octets"},  # sends the first media type of a body alone
    "openapi-generator go": {"taken_octets"},  # likewise
    "openapi-generator typescript-fetch": {"batch_seed"},  # a number of JavaScript is exact to 2^53
    "openapi-typescript": {"batch_seed"},  # likewise
}
"""Facts that a generator has no way to ask for or to hold."""


@pytest.fixture(scope="module")
def facts(live: Site) -> Facts:
    return read_facts(live)


@pytest.mark.parametrize("generator", BUILD)
def test_a_client_calls_every_kind_of_operation(generator: str, facts: Facts, live: Site, tmp_path: Path) -> None:
    command = BUILD[generator](tmp_path)
    answered = json.loads(run(*command, live.url, folder=tmp_path))
    assert answered == {name: fact for name, fact in facts.items() if name not in CANNOT.get(generator, set())}
