"""The OpenAPI document: what FastAPI derives from the routes, and what it cannot know."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from service import __version__
from service.web.problems import KINDS, MEDIA_TYPE, Problem

TITLE = "Digits"

DESCRIPTION = """MNIST and scikit-learn's digits in memory, served over HTTP: facts, rows, pictures, statistics, files.

Every answer is a pure function of its URL and of the data, so it can be cached, retried and prefetched. `rev` pins
the data: with it an answer never changes. Nothing is clamped or guessed: what cannot be honoured is a problem (RFC
9457) that says what to do. Every GET takes HEAD, `If-None-Match` and `Accept-Encoding: zstd` or `gzip` (text
representations only)."""

TAGS = (
    ("cards", "What the datasets are."),
    ("rows", "Flattened rows, page by page, in eight formats."),
    ("samples", "One sample as JSON, and its neighbours."),
    ("pictures", "One sample as a picture."),
    ("grids", "Many samples in one picture, and the map of it."),
    ("labels", "Classes: counts, mean and spread."),
    ("statistics", "Every column, and the numbers that training needs."),
    ("projection", "Samples in two dimensions."),
    ("downloads", "Whole splits as files."),
    ("operations", "Health, metrics, problems."),
)

HEADERS = {
    "ETag": ("Strong validator of these bytes.", {"type": "string"}),
    "Cache-Control": ("How long the answer may be kept: for ever with `rev`.", {"type": "string"}),
    "X-Request-ID": ("The request's `X-Request-ID` if it had a usable one, else a new one.", {"type": "string"}),
    "Server-Timing": ("Milliseconds spent in the service.", {"type": "string"}),
}
"""Headers of every successful answer."""

OWN_HEADERS = {
    "rows": {
        "Link": ("Pages: self, first, prev, next, last (RFC 8288).", {"type": "string"}),
        "Total-Count": ("Rows of all pages together.", {"type": "integer"}),
    },
    "grids": {
        "Link": ("Sheets: self, first, prev, next, last (RFC 8288).", {"type": "string"}),
        "Total-Count": ("Samples of all sheets together.", {"type": "integer"}),
    },
    "projection": {
        "Link": ("Pages: self, first, prev, next, last (RFC 8288).", {"type": "string"}),
        "Total-Count": ("Samples of all pages together.", {"type": "integer"}),
    },
    "downloads": {
        "Accept-Ranges": ("`bytes`.", {"type": "string"}),
        "Content-Disposition": ("A file name.", {"type": "string"}),
    },
}
"""Headers that only some routes add, by their tag."""

BODIES = {"image/png": "binary", "image/webp": "binary"}

TEXT = frozenset({"image/svg+xml", "text/csv", "text/plain", "application/x-ndjson", "application/json"})


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the routes, the same in every process."""
    spec = get_openapi(
        title=TITLE,
        version=__version__,
        summary="Handwritten digits over HTTP: exact, instant, self-explaining.",
        description=DESCRIPTION,
        routes=routes,
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
    for path, operations in spec["paths"].items():
        for operation in operations.values():
            _finish(path, operation)
    return spec


def _problem_response(status: HTTPStatus) -> dict[str, Any]:
    kind = next(kind for kind in KINDS.values() if kind.status == status)
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": f"{kind.title}. {kind.remedy}", "content": {MEDIA_TYPE: content}}


def _finish(path: str, operation: dict[str, Any]) -> None:
    """Give an operation its problems, the headers and the media types of its answers."""
    tag = operation["tags"][0]
    responses = operation["responses"]
    for status in [status for status in responses if not status.startswith("2")]:
        del responses[status]
    for answer in responses.values():
        _finish_answer(answer, tag)
    if tag == "downloads":
        responses["206"]["description"] = "The part that `Range` asked for."
        responses["206"]["headers"]["Content-Range"] = {"schema": {"type": "string"}, "description": "Which part."}
    data = path.startswith("/v1/")
    if data:
        responses["304"] = {"description": "`If-None-Match` names these bytes already."}
    problems = ["422"]
    problems += ["404"] * ("{" in path)
    problems += ["406"] * (tag == "rows")
    problems += ["409", "503"] * data
    problems += ["416"] * (tag == "downloads")
    for status in problems:
        responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
    operation["responses"] = dict(sorted(responses.items()))


def _finish_answer(answer: dict[str, Any], tag: str) -> None:
    """Describe the headers of a successful answer, and bodies that are no JSON."""
    answer["description"] = answer.get("description") or "Successful Response"
    if tag != "operations":
        named = {**HEADERS, **OWN_HEADERS.get(tag, {})}
        answer["headers"] = {name: {"description": text, "schema": schema} for name, (text, schema) in named.items()}
    content = answer.get("content", {})
    if tag in ("pictures", "downloads") or len(content) > 1:
        for media in content if tag == "rows" else [media for media in content if media == "application/json"]:
            if media == "application/json" and tag != "rows":
                del content[media]
                break
    for media, body in content.items():
        if media != "application/json":
            body["schema"] = {"type": "string"} if media in TEXT else {"type": "string", "format": "binary"}
