"""What tests of several modules expect of an answer."""

from typing import Any, cast

from service.http.problems import KINDS, MEDIA_TYPE
from tests.sites import Answer

CHANGING = frozenset({"date", "x-request-id", "server-timing", "transfer-encoding"})
"""Headers that describe the request or the connection, not the resource."""


def stable_headers(answer: Answer) -> dict[str, str]:
    """The headers that every answer to the same request has."""
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() not in CHANGING}


def assert_problem(answer: Answer, name: str) -> dict[str, Any]:
    """Assert that an answer is a problem of this kind, in the one shape; returns its body."""
    kind = KINDS[name]
    assert (answer.status, answer["Content-Type"]) == (kind.status, MEDIA_TYPE), answer.body
    assert answer["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    for header in ("X-Request-ID", "Server-Timing", "Access-Control-Allow-Origin", "X-Content-Type-Options"):
        assert answer[header]
    problem = answer.json
    assert problem["type"] == f"/problems/{name}"
    assert problem["title"] == kind.title
    assert problem["status"] == kind.status
    assert problem["instance"].startswith("/")
    assert problem["detail"].endswith(".")
    assert len(problem["detail"]) < 10_000
    assert set(problem) - {"errors"} == {"type", "title", "status", "detail", "instance"}
    assert ("errors" in problem) == (kind.status == 422)
    for fault in problem.get("errors", []):
        assert set(fault) == {"in", "name", "reason"}
        assert fault["in"] in ("query", "path", "header", "body")
        assert fault["reason"] in problem["detail"]
    return cast("dict[str, Any]", problem)
