"""The OpenAPI document against the service: schemathesis asks what the document allows, and what it forbids."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig

from service.app import create_app
from service.datasets import digits
from tests.sites import Site

DOCUMENT = json.dumps(create_app().openapi())

Cases = SearchStrategy[Case[Any]]

PATHS = json.loads(DOCUMENT)["paths"]

OPERATIONS = [(path, method) for path, methods in PATHS.items() for method in methods]

BOUNDED = [(path, method) for path, method in OPERATIONS if path.startswith("/v1")]
"""Operations with parameters that can be wrong by the document."""

TOGETHER = ("rows", "take", "grid.", "batches", "order", "projection", "{split}/neighbors", "{suffix}")
"""Routes some of whose parameters must go together, which no schema can say: there 422 may answer what it allows."""

NAMES = {
    "dataset": "digits",
    "split": "all",
    "index": 1_796,
    "label": 9,
    "suffix": "arrow",
    "name": "unavailable",
    "rev": digits.CARD.digest[:12],
    "format": "json",
}
"""Names that go together, which no schema can say, or that must be known ones for an answer."""

RANGE = {"$ref": "#/components/parameters/Range"}

REFUSALS = [404, 406, 409, 413, 414, 415, 422]


def prepare(described: dict[str, Any], *, names: bool) -> None:
    """Change the description of an operation: no ranges that it does not describe, known `names` if so wished."""
    if "206" not in described["responses"]:  # beside JSON, which generated clients could not tell from it
        described["parameters"] = [one for one in described.get("parameters", ()) if one != RANGE]
    for parameter in described.get("parameters", ()):
        if names and parameter.get("name") in NAMES and parameter["schema"].get("type") != "array":
            parameter["schema"] = {"enum": [NAMES[parameter["name"]]]}


def cases(path: str, method: str, mode: GenerationMode, *, names: bool = False, **checks: object) -> Cases:
    """Requests to an operation, allowed or forbidden by the document; with known `names` if so wished."""
    # A document of its own, because schemathesis rewrites parts of it in place.
    document = json.loads(DOCUMENT)
    prepare(document["paths"][path][method], names=names)
    config = SchemathesisConfig.from_dict({"checks": checks})
    operation = schemathesis.openapi.from_dict(document, config=config)[path][method]
    return operation.as_strategy(generation_mode=mode)


def ask_all(site: Site, requests: Cases) -> None:
    """Send some of the requests, and run every check that schemathesis has."""

    @settings(max_examples=10)
    @given(requests)
    def ask(case: Case[Any]) -> None:
        case.call_and_validate(base_url=site.url)

    ask()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_what_the_document_allows_is_answered_as_it_promises(live: Site, path: str, method: str) -> None:
    fair = ["2xx"] + [422] * any(part in path for part in TOGETHER) + [409] * (path == "/v1/datasets")
    fair += [404] * path.endswith("batches")  # the end of the epoch
    fair += [304, 412, 416]  # any text may stand in the headers of a condition or a range
    fair += [406] * ("batches" in path)  # a format that does not stream, for several steps
    allowed = {"expected-statuses": fair}
    ask_all(live, cases(path, method, GenerationMode.POSITIVE, names=True, positive_data_acceptance=allowed))


@pytest.mark.parametrize(("path", "method"), BOUNDED)
def test_what_the_document_forbids_is_refused(live: Site, path: str, method: str) -> None:
    refused = {"expected-statuses": REFUSALS}
    ask_all(live, cases(path, method, GenerationMode.NEGATIVE, names=True, negative_data_rejection=refused))


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_name_is_answered_by_a_failure_or_in_another_shape(live: Site, path: str, method: str) -> None:
    ask_all(live, cases(path, method, GenerationMode.POSITIVE, positive_data_acceptance={"enabled": False}))


def test_links_lead_from_answer_to_answer(live: Site) -> None:
    follow_links(live, examples=12)


def follow_links(site: Site, *, examples: int) -> None:
    """Send requests whose parameters come from the answers before them, as the links of the document say."""
    document = json.loads(DOCUMENT)
    for path, method in OPERATIONS:
        prepare(document["paths"][path][method], names=True)
    linked = find_linked_operations(document)
    document["paths"] = {
        path: {method: one for method, one in item.items() if one["operationId"] in linked}
        for path, item in document["paths"].items()
    }
    fair = ["2xx", 304, 404, 409, 412, 416, 422]  # the end of an epoch, all data, conditions, what must go together
    config = SchemathesisConfig.from_dict(
        {
            "base-url": site.url,
            "generation": {"mode": "positive"},
            "checks": {"positive_data_acceptance": {"expected-statuses": fair}},
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    machine: Any = schema.as_state_machine()
    machine.run(settings=settings(max_examples=examples, stateful_step_count=6, deadline=None))


def find_linked_operations(document: dict[str, Any]) -> set[str]:
    """The operations that have links, and those that links lead to."""
    operations = [one for item in document["paths"].values() for one in item.values()]
    links = {one["operationId"]: one["responses"]["200"].get("links", {}) for one in operations}
    targets = {link["operationId"] for found in links.values() for link in found.values()}
    return {name for name, found in links.items() if found} | targets
