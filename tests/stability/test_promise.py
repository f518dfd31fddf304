"""docs/stability.md is kept: what version 1 promised is there, and has the same bytes where these were promised."""

import copy
import hashlib
import json
from typing import Any

import pytest

from service import __version__
from tests.processes import ROOT
from tests.sites import Site
from tests.stability.promise import KERAS, RECORD, Record, collect, find_demands, find_losses

KERAS_DIGEST = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
"""SHA-256 of the `mnist.npz` that Keras checks."""

PROMISED: Record = json.loads(RECORD.read_text(encoding="utf-8"))

PARTS = list(PROMISED)


@pytest.fixture(scope="module")
def now(live: Site) -> Record:
    return collect(live)


@pytest.mark.parametrize("part", PARTS)
def test_nothing_that_was_promised_is_lost_or_different(now: Record, part: str) -> None:
    assert find_losses(PROMISED[part], now[part]) == [], (
        "see docs/stability.md; additions are recorded by `make promise`"
    )


def test_no_request_of_version_1_lacks_a_parameter_now(now: Record) -> None:
    assert find_demands(PROMISED, now) == []


def test_every_part_is_recorded(now: Record) -> None:
    assert list(now) == PARTS
    assert all(PROMISED.values())
    assert __version__.startswith("1."), "a new major version has a promise of its own"


def test_keras_file_is_the_original_where_it_is_served(live: Site) -> None:
    answer = live.get(KERAS)
    assert answer.status == 503 or hashlib.sha256(answer.body).hexdigest() == KERAS_DIGEST


def change(record: Record, *path: str, to: Any) -> Record:  # noqa: ANN401 - JSON
    """A copy of the record in which one thing is different."""
    changed = copy.deepcopy(record)
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return changed


ROWS = "GET /v1/datasets/{dataset}/{split}/rows"
FORMAT = PROMISED["routes"][ROWS]["parameters"]["format"]


@pytest.mark.parametrize(
    "path_and_value",
    [
        (("routes",), {}),
        (("routes", ROWS, "media types"), ["application/json"]),
        (("routes", ROWS, "parameters", "limit", "type"), "string"),
        (("routes", ROWS, "parameters", "format"), {**FORMAT, "enum": FORMAT["enum"][1:]}),
        (("fields", "RowsPage"), ["rows"]),
        (("problems", "changed-data"), 410),
        (("mirrors",), []),
        (("settings",), []),
        (("bytes", "/mirrors/uci/optdigits.tes"), "0" * 64),
        (("order v1", "n=10 seed=0 epoch=0"), "0" * 64),
        (("client", "connect", "parameters"), ["url"]),
    ],
    ids=lambda one: "/".join(one[0])[:60],
)
def test_a_loss_is_found(path_and_value: tuple[tuple[str, ...], Any]) -> None:
    path, value = path_and_value
    assert find_losses(PROMISED, change(PROMISED, *path, to=value)) != []
    assert find_losses(PROMISED, PROMISED) == []


def test_an_addition_is_none_and_a_new_demand_is_found() -> None:
    optional, required = ({"in": "query", "type": "string", "required": one} for one in (False, True))
    more = change(PROMISED, "routes", ROWS, "parameters", "new", to=optional)
    assert (find_losses(PROMISED, more), find_demands(PROMISED, more)) == ([], [])
    more = change(PROMISED, "routes", ROWS, "parameters", "new", to=required)
    assert find_demands(PROMISED, more) == [f"{ROWS} requires new"]


def test_the_page_names_every_part() -> None:
    page = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
    for word in (
        "routes",
        "parameters",
        "Media types",
        "JSON",
        "problem",
        "Mirrors",
        "Settings",
        "Metrics",
        "client",
        "Order v1",
    ):
        assert word in page
