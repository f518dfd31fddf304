"""The OpenAPI document: complete, the same everywhere, and committed as it is."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from annotated_types import Ge, Le

from service.api import ROUTES
from service.api.queries import NeighborsQuery, RowsQuery, SampleQuery
from service.app import create_app
from service.http import openapi
from service.http.openapi import write_openapi
from service.http.problems import KINDS
from service.settings import Settings
from tests import made, sites
from tests.http.expect import stable_headers

DOCUMENT: dict[str, Any] = json.loads(write_openapi(create_app()))

OPERATIONS = {
    (path, method): operation for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
}

every_operation = pytest.mark.parametrize(
    ("path", "operation"),
    [(path, operation) for (path, _), operation in OPERATIONS.items()],
    ids=map("-".join, OPERATIONS),
)

LARGEST = 400_000
"""Bytes of a document that a browser shows without waiting."""


def test_the_committed_document_is_the_codes() -> None:
    committed = (sites.ROOT / "openapi" / "openapi.json").read_bytes()
    assert committed == write_openapi(create_app()), "the document has drifted: run `make openapi` and commit it"


def test_the_document_depends_on_neither_data_nor_settings() -> None:
    other = create_app(Settings(text_limit=7, port=1), [made.source()])
    assert write_openapi(other) == write_openapi(create_app())


def test_the_document_is_small_enough_to_be_shown_at_once() -> None:
    assert len(write_openapi(create_app())) < LARGEST


def test_only_one_thread_at_a_time_makes_the_document() -> None:
    with ThreadPoolExecutor(1) as other:
        with openapi.ONE_AT_A_TIME:
            waiting = other.submit(write_openapi, create_app())
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
        assert waiting.result(timeout=30) == write_openapi(create_app())


def test_every_route_about_data_is_described() -> None:
    described = set(DOCUMENT["paths"])
    routes = {route.path for route in ROUTES if hasattr(route, "path")}
    assert {path for path in routes if path.startswith("/v1")} <= described <= routes


@every_operation
def test_an_operation_says_what_it_gives_and_with_what_parameters(path: str, operation: dict[str, Any]) -> None:
    assert operation["description"].endswith(".")
    assert operation["tags"]
    assert operation["operationId"]
    parameters = operation.get("parameters", [])
    in_path = {one["name"] for one in parameters if one["in"] == "path"}
    assert in_path == {part.partition("}")[0] for part in path.split("{")[1:]}
    for parameter in parameters:
        assert parameter["description"], parameter["name"]
        assert parameter["required"] == (parameter["in"] == "path")


@every_operation
def test_an_operation_lists_its_problems(path: str, operation: dict[str, Any]) -> None:
    data = path.startswith("/v1")
    problems = {status: answer for status, answer in operation["responses"].items() if int(status) >= 400}
    expected = {"414", "422", "431", "500"} | ({"409", "503"} if data else set()) | ({"404"} if "{" in path else set())
    assert expected <= set(problems)
    assert ({"412", "416"} <= set(problems)) == (data and "304" in operation["responses"])
    assert ("406" in problems) == ("format" in {one["name"] for one in operation.get("parameters", [])})
    for status, answer in problems.items():
        assert answer == {"$ref": f"#/components/responses/Problem{status}"}


@every_operation
def test_an_operation_describes_the_headers_of_its_answers(path: str, operation: dict[str, Any]) -> None:
    headers = operation["responses"]["200"].get("headers", {})
    if path.startswith("/v1") and "304" in operation["responses"]:
        assert {"ETag", "Cache-Control", "X-Request-ID", "Server-Timing"} <= set(headers)
    if path.endswith("/rows"):
        assert {"Link", "Total-Count"} <= set(headers)
    assert all(header["description"] for header in headers.values())


def test_every_problem_is_described_with_its_remedy() -> None:
    answers = DOCUMENT["components"]["responses"]
    assert set(answers) == {f"Problem{kind.status.value}" for kind in KINDS.values()}
    for answer in answers.values():
        assert answer["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        assert answer["description"]


def test_the_bounds_that_are_checked_are_the_bounds_that_are_told() -> None:
    for model, path in (
        (RowsQuery, "rows"),
        (SampleQuery, "samples/{index}.png"),
        (NeighborsQuery, "samples/{index}/neighbors"),
    ):
        operation = OPERATIONS[f"/v1/datasets/{{dataset}}/{{split}}/{path}", "get"]
        told = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "query"}
        assert set(told) == set(model.model_fields)
        for name, field in model.model_fields.items():
            for bound in field.metadata:
                if isinstance(bound, Ge):
                    assert told[name]["minimum"] == bound.ge
                if isinstance(bound, Le):
                    assert told[name]["maximum"] == bound.le
    assert b'"ge"' not in write_openapi(create_app())
    assert b'"le"' not in write_openapi(create_app())


def test_every_format_of_a_page_is_described() -> None:
    content = OPERATIONS["/v1/datasets/{dataset}/{split}/rows", "get"]["responses"]["200"]["content"]
    assert set(content) == {
        "application/json",
        "application/x-ndjson",
        "text/csv",
        "application/x-npy",
        "application/x-npz",
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.parquet",
        "application/vnd.safetensors",
    }


def test_every_reference_leads_somewhere() -> None:
    def references(part: object) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*(references(one) for one in part.values()))
        return set().union(*(references(one) for one in part)) if isinstance(part, list) else set()

    for reference in references(DOCUMENT):
        found: Any = DOCUMENT
        for name in Path(reference.removeprefix("#/")).parts:
            found = found[name]
        assert found


WORDS = {"dataset": "made", "split": "train", "index": "0", "label": "0", "suffix": "csv", "name": "unavailable"}


@every_operation
def test_sending_every_documented_default_is_sending_none(
    site: sites.Site, path: str, operation: dict[str, Any]
) -> None:
    target = path.format_map(WORDS)
    defaults = {
        parameter["name"]: parameter["schema"]["default"]
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and parameter["schema"].get("default") is not None
    }
    values = {name: str(one).lower() if isinstance(one, bool) else one for name, one in defaults.items()}
    query = "?" + urlencode(values, doseq=True)

    def ask(query: str) -> sites.Answer:
        if path.endswith("/take"):
            return site.send("POST", target + query, {"Content-Type": "application/json"}, body=b'{"indices": [2, 0]}')
        return site.get(target + query)

    plain, sent = ask(""), ask(query)
    assert plain.status == sent.status == 200, sent.body
    if path != "/metrics":  # which counts the requests themselves
        assert stable_headers(plain) == stable_headers(sent)
        assert plain.body == sent.body
    for name, value in values.items():  # and each by itself
        alone = ask("?" + urlencode({name: value}, doseq=True))
        assert (alone.status, alone.headers.get("ETag")) == (200, plain.headers.get("ETag"))
