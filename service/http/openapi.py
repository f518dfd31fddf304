"""The OpenAPI document: what FastAPI derives from the routes, and what it cannot know."""

from collections.abc import Sequence
from copy import copy
from http import HTTPStatus
from threading import Lock
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from service import __version__
from service.http.problems import KINDS, MEDIA_TYPE, Problem
from service.http.representation import TEXT_TYPES
from service.http.route import ApiRoute, Headers

TITLE = "Digits"

DESCRIPTION = """MNIST and scikit-learn's digits in memory, served over HTTP: facts, rows, pictures, statistics, files.

Every answer is a pure function of its URL and of the data, so it can be cached, retried and prefetched. `rev` pins
the data: with it an answer never changes. Nothing is clamped or guessed: what cannot be honoured is a problem that says
what to do (RFC 9457). Every GET takes HEAD and `If-None-Match`; text comes in zstd or gzip by `Accept-Encoding`."""

TAGS = (
    ("cards", "What the datasets are."),
    ("rows", "Flattened rows, page by page, in eight formats."),
    ("batches", "Training batches, their plan and their order: the URL is the checkpoint."),
    ("samples", "One sample as JSON, and its neighbours."),
    ("pictures", "One sample as a picture."),
    ("grids", "Many samples in one picture, and the map of it."),
    ("labels", "Classes: counts, mean and spread."),
    ("statistics", "Every column, and the numbers that training needs."),
    ("projection", "Samples in two dimensions."),
    ("downloads", "Whole splits as files."),
    ("operations", "Health, metrics, problems."),
)

HEADERS: Headers = {
    "ETag": ("Strong validator of these bytes.", "string"),
    "Cache-Control": ("How long the answer may be kept: for ever with `rev`.", "string"),
    "X-Request-ID": ("The request's `X-Request-ID` if it had a usable one, else a new one.", "string"),
    "Server-Timing": ("Milliseconds spent in the service.", "string"),
}
"""Headers of every successful answer."""


ONE_AT_A_TIME = Lock()
"""FastAPI fills structures that the routes share while it describes them, so only one thread may ask it to."""


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the routes, the same in every process."""
    with ONE_AT_A_TIME:
        return _document(routes)


def _document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    spec = get_openapi(
        title=TITLE,
        version=__version__,
        summary="Handwritten digits over HTTP: exact, instant, self-explaining.",
        description=DESCRIPTION,
        routes=[_without_head(route) for route in routes],
        tags=[{"name": name, "description": text} for name, text in TAGS],
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    spec["components"]["responses"] = {
        f"Problem{kind.status.value}": _problem_response(kind.status) for kind in KINDS.values()
    }
    headers = {route.path_format: route.answer_headers for route in routes if isinstance(route, ApiRoute)}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            _finish(path, method, operation, headers[path])
            for parameter in operation.get("parameters", ()):
                _bound(parameter["schema"])
    return spec


def _bound(schema: dict[str, Any]) -> None:
    """Give bounds the names of JSON Schema: beside a validator of ours, Pydantic leaves them those of Python."""
    for ours, theirs in (("ge", "minimum"), ("le", "maximum")):
        if ours in schema:
            schema[theirs] = schema.pop(ours)
    for part in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        _bound(part)


def _problem_response(status: HTTPStatus) -> dict[str, Any]:
    kind = next(kind for kind in KINDS.values() if kind.status == status)
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": f"{kind.title}. {kind.remedy}", "content": {MEDIA_TYPE: content}}


def _finish(path: str, method: str, operation: dict[str, Any], own_headers: Headers) -> None:
    """Give an operation its problems, and the headers of its answers."""
    data = path.startswith("/v1/")
    headers = {**(HEADERS if data and method == "get" else {}), **own_headers}
    responses = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
    for answer in responses.values():
        _finish_answer(answer, headers)
    if data and method == "get":
        responses["304"] = {"description": "`If-None-Match` names these bytes already."}
    negotiated = any(parameter["name"] == "format" for parameter in operation.get("parameters", ()))
    problems = [
        "414",
        "422",
        "431",
        "500",
        *["404"] * ("{" in path),
        *["406"] * negotiated,
        *["409", "503"] * data,
        *["412", "416"] * (data and method == "get"),
    ]
    problems += ["413", "415"] * (method == "post")
    responses |= {status: {"$ref": f"#/components/responses/Problem{status}"} for status in problems}
    operation["responses"] = dict(sorted(responses.items()))


def _finish_answer(answer: dict[str, Any], headers: Headers) -> None:
    """Describe the headers of a successful answer, and bodies that are no JSON."""
    answer["description"] = answer.get("description") or "Successful Response"
    if headers:
        answer["headers"] = {
            name: {"description": text, "schema": {"type": kind}} for name, (text, kind) in headers.items()
        }
    for media, body in answer.get("content", {}).items():
        if media != "application/json":
            body["schema"] = (
                {"type": "string"} if media.partition(";")[0] in TEXT_TYPES else {"type": "string", "format": "binary"}
            )


def _without_head(route: BaseRoute) -> BaseRoute:
    """A route as it is documented: every GET takes HEAD, which need not be said at each."""
    documented = copy(route)
    if isinstance(documented, ApiRoute):
        documented.methods = (documented.methods or set()) - {"HEAD"}
    return documented


def write_openapi(app: FastAPI) -> bytes:
    """The OpenAPI document as it is served and committed."""
    return orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
