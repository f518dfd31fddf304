"""The OpenAPI document: complete, committed as it is, and what the service does."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import pytest
from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from service.api import ROUTES as API_ROUTES
from service.app import create_app
from service.datasets import SOURCES, digits
from service.http import openapi
from service.http.openapi import write_openapi
from service.http.parameters import Parameters
from service.http.problems import KINDS
from service.http.route import ApiRoute
from service.mirrors import ROUTES as MIRROR_ROUTES
from service.settings import Settings
from tests import made, processes, sites
from tests.http.document import DOCUMENT, OPERATIONS, Operation, list_parameters, resolve, walk, write_values
from tests.http.expect import stable_headers

every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.part["operationId"])

ROUTE = {
    (route.path_format, method): route
    for route in [*API_ROUTES, *MIRROR_ROUTES]
    if isinstance(route, ApiRoute)
    for method in route.accepted
}

BODIES = {
    "take_rows": ("application/json", json.dumps({"indices": [2, 0]}).encode()),
    "find_drawing_neighbors": ("application/octet-stream", bytes(28 * 28)),
}
"""A body for each operation that takes one, on the dataset of the examples."""

DRAWING = "A" * 20
"""A drawing as large as the made images."""

LARGEST = 400_000
"""Bytes of a document that a browser shows without waiting."""


def test_the_committed_document_is_the_codes() -> None:
    committed = (processes.ROOT / "openapi" / "openapi.json").read_bytes()
    assert committed == write_openapi(create_app()), "the document has drifted: run `make openapi` and commit it"


def test_the_document_depends_on_no_setting_but_the_root_path() -> None:
    plain = create_app(Settings(text_limit=7, port=1)).openapi()
    assert plain == DOCUMENT
    behind = create_app(Settings(root_path="/digits")).openapi()
    assert [one["url"] for one in behind["servers"]] == ["/digits"]
    assert {**behind, "servers": plain["servers"]} == plain


def test_the_document_names_the_datasets_splits_and_labels_that_are_served() -> None:
    assert _list_names(DOCUMENT) == (["mnist", "digits"], ["train", "test", "all"], list(range(10)))
    assert _list_names(create_app(sources=[digits.SOURCE]).openapi()) == (["digits"], ["all"], list(range(10)))
    source = made.source()
    names = ([source.card.name], list(source.card.splits), list(range(len(source.card.classes))))
    assert _list_names(create_app(sources=[source]).openapi()) == names


def _list_names(document: dict[str, Any]) -> tuple[list[Any], ...]:
    return tuple(document["components"]["schemas"][name]["enum"] for name in ("DatasetName", "SplitName", "Label"))


def test_the_document_that_is_served_is_of_the_application(site: sites.Site) -> None:
    served = site.get("/openapi.json")
    assert _list_names(served.json)[0] == ["made"]
    assert site.get("/openapi.json", {"If-None-Match": served.headers["ETag"]}).status == 304


def test_every_process_writes_the_same_document() -> None:
    documents = {
        subprocess.run(
            [sys.executable, "-m", "service", "openapi"],
            cwd=processes.ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},  # decides the order of sets of strings
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "3", "4")
    }
    assert len(documents) == 1


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
    paths = {path for path, _ in ROUTE}
    assert {path for path in paths if path.startswith("/v1")} <= described <= paths


@every_operation
def test_an_operation_says_what_it_gives_and_with_what_parameters(operation: Operation) -> None:
    assert operation.part["description"].endswith(".")
    assert operation.part["tags"]
    in_path = [one["name"] for one in list_parameters(operation.part, "path")]
    assert in_path == [part.partition("}")[0] for part in operation.path.split("{")[1:]]
    for parameter in list_parameters(operation.part):
        assert parameter["description"], parameter["name"]
        assert parameter.get("required", False) == (parameter["in"] == "path" or parameter["name"] == "pixels")


@every_operation
def test_an_operation_lists_its_problems(operation: Operation) -> None:
    data, negotiated = (
        operation.path.startswith("/v1"),
        "format" in {one["name"] for one in list_parameters(operation.part)},
    )
    problems = {status: answer for status, answer in operation.part["responses"].items() if int(status) >= 400}
    expected = (
        {"414", "422", "431", "500"} | ({"409"} if data else set()) | ({"404"} if "{" in operation.path else set())
    )
    assert expected <= set(problems)
    assert ("503" in problems) == (operation.path not in ("/livez", "/metrics"))
    assert ("412" in problems) == (data and "304" in operation.part["responses"])
    assert ("416" in problems) == (data and operation.method == "get")
    assert ("406" in problems) == negotiated
    for status, answer in problems.items():
        assert answer == {"$ref": f"#/components/responses/Problem{status}"}


@every_operation
def test_an_operation_describes_the_headers_of_its_answers(operation: Operation) -> None:
    headers = operation.part["responses"]["200"].get("headers", {})
    if operation.path.startswith("/v1") and "304" in operation.part["responses"]:
        assert {"ETag", "Cache-Control", "X-Request-ID", "Server-Timing"} <= set(headers)
    if operation.path.endswith("/rows"):
        assert {"Link", "Total-Count"} <= set(headers)
    if operation.path.endswith("{suffix}"):
        assert {"Content-Disposition", "Repr-Digest"} <= set(headers)
    assert all(header["description"] for header in headers.values())


def test_every_problem_is_described_with_its_remedy() -> None:
    answers = DOCUMENT["components"]["responses"]
    assert set(answers) <= {f"Problem{kind.status.value}" for kind in KINDS.values()}
    for answer in answers.values():
        assert answer["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        assert answer["description"]


@every_operation
def test_the_defaults_and_bounds_that_are_checked_are_documented(operation: Operation) -> None:
    told = {one["name"]: one["schema"] for one in list_parameters(operation.part, "query")}
    fields = find_fields(operation)
    assert set(told) == set(fields)
    for name, field in fields.items():
        default = None if field.is_required() or field.default in (None, ()) else field.default
        assert str(told[name].get("default")) == str(default), name
        for bound in field.metadata:
            if isinstance(bound, Ge):
                assert told[name]["minimum"] == bound.ge
            if isinstance(bound, Le):
                assert told[name].get("maximum", 2**63 - 1) == bound.le  # without one, `int64` is the bound


def find_fields(operation: Operation) -> dict[str, FieldInfo]:
    """The fields of the query model of an operation."""
    steps = [getattr(step, "args", ()) for _, step in ROUTE[operation.path, operation.method.upper()].steps]
    model: type[Parameters] = next(args[0] for args in steps if args)
    return dict(model.model_fields)


def test_every_format_of_a_page_is_described() -> None:
    content = OPERATIONS["get_rows"].part["responses"]["200"]["content"]
    assert list(content) == [
        "application/json",
        "application/x-ndjson",
        "text/csv",
        "application/x-npy",
        "application/x-npz",
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.parquet",
        "application/vnd.safetensors",
    ]


def test_every_reference_leads_somewhere() -> None:
    assert all(resolve(part) for part in walk(DOCUMENT) if "$ref" in part)


@every_operation
def test_sending_every_documented_default_is_sending_none(site: sites.Site, operation: Operation) -> None:
    target = fill(operation, {"dataset": "made", "split": "train"})
    parameters = list_parameters(operation.part, "query")
    values = {one["name"]: one["schema"]["default"] for one in parameters if "default" in one["schema"]}
    required = {one["name"]: DRAWING for one in parameters if one.get("required")}
    plain, sent = (ask(site, operation, target + write_values(one)) for one in (required, required | values))
    assert plain.status == sent.status == 200, sent.body
    if operation.path != "/metrics":  # which counts the requests themselves
        assert stable_headers(plain) == stable_headers(sent)
        assert plain.body == sent.body
    for name, value in values.items():  # and each by itself
        alone = ask(site, operation, target + write_values(required | {name: value}))
        assert (alone.status, alone.headers.get("ETag")) == (200, plain.headers.get("ETag"))


@every_operation
def test_every_value_of_an_enum_is_understood_and_no_other(live: sites.Site, operation: Operation) -> None:
    target = fill(operation, {"dataset": "digits"})  # of which a download is small
    for parameter in list_parameters(operation.part, "query"):
        values = parameter["schema"].get("enum", [])
        for value in values:
            answer = ask(live, operation, target + write_values({parameter["name"]: value}))
            assert answer.status in (200, 422), (value, answer.body)
            if answer.status == 422 and operation.method != "head":  # known, but not with the other parameters
                assert b"must be one of" not in answer.body, answer.body
        if values:
            assert ask(live, operation, target + write_values({parameter["name"]: "other"})).status in (406, 422)


@every_operation
def test_what_a_page_fills_in_is_answered(live: sites.Site, operation: Operation) -> None:
    values = {
        one["name"]: one.get("example", one["schema"].get("default"))
        for one in list_parameters(operation.part, "query")
    }
    sent = {name: value for name, value in values.items() if value is not None}
    answer = ask(live, operation, fill(operation) + write_values(sent))
    assert answer.status == 200, answer.body
    assert not [one["name"] for one in list_parameters(operation.part, "header") if "example" in one]


def fill(operation: Operation, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """The path of an operation with the examples of its parameters, or with `names`."""
    examples = {one["name"]: one["example"] for one in list_parameters(operation.part, "path")}
    return operation.path.format_map({**examples, **names})


def ask(site: sites.Site, operation: Operation, target: str) -> sites.Answer:
    """The answer to a request of an operation."""
    media, body = BODIES.get(operation.part["operationId"], ("", None))
    if body and media == "application/octet-stream" and "/made/" in target:
        body = body[: made.HEIGHT * made.WIDTH]
    return site.send(operation.method.upper(), target, {"Content-Type": media} if body else {}, body=body)


def test_the_sources_have_a_split_of_the_name_that_is_the_example() -> None:
    assert all("all" in source.card.splits for source in SOURCES)


MADE = {"dataset": "made", "split": "train"}


def test_every_link_of_an_answer_leads_to_an_operation_with_what_the_answer_holds(site: sites.Site) -> None:
    linked = [one for one in OPERATIONS.values() if "links" in one.part["responses"]["200"]]
    assert linked
    for operation in linked:
        values = {"limit": 3, "k": 3, "pixels": DRAWING} if operation.method == "get" else {}
        known = {one["name"] for one in list_parameters(operation.part, "query")}
        query = write_values({name: value for name, value in values.items() if name in known})
        answer = ask(site, operation, fill(operation, MADE) + query)
        for link in operation.part["responses"]["200"]["links"].values():
            target = OPERATIONS[link["operationId"]]
            found = {key: follow(text, operation, answer.json) for key, text in link["parameters"].items()}
            path = {name.removeprefix("path."): str(one) for name, one in found.items() if name.startswith("path.")}
            rev = write_values({"rev": found["query.rev"]})
            assert set(path) == {one["name"] for one in list_parameters(target.part, "path")}
            assert ask(site, target, fill(target, path) + rev).status == 200, (operation.path, link)


def follow(expression: str, operation: Operation, answer: Any) -> Any:  # noqa: ANN401 - any part of JSON
    """What a runtime expression (OpenAPI 3.1) gives of a request as `fill` writes it and of its answer."""
    if expression.startswith("$request.path."):
        name = expression.rpartition(".")[2]
        examples = {one["name"]: one["example"] for one in list_parameters(operation.part, "path")}
        return {**examples, **MADE}[name]
    place = answer
    for part in expression.partition("#/")[2].split("/") if "#/" in expression else ():
        place = place[int(part) if part.isdigit() else part]
    return place if "#/" in expression else expression
