"""What runs the service and what explains it: health, metrics, problems, documentation."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated

from fastapi import Path, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from service.errors import Unknown
from service.formats.json import JSON
from service.web.answers import respond
from service.web.problems import KINDS
from service.web.route import Asked, Route
from service.web.schemas import Health, ProblemKind


@dataclass(frozen=True)
class Release:
    """What depends on the release alone: ETags hold its version already, so no digest is needed."""

    digest: str = "release"
    rev: str = "release"


@dataclass(frozen=True)
class Document:
    """The representation of a page or one of its parts."""

    name: str
    media_type: str
    text: bool = True


ASSETS = {
    "swagger-ui-bundle.js": Document("js", "text/javascript"),
    "swagger-ui.css": Document("css", "text/css"),
    "favicon-32x32.png": Document("png", "image/png", text=False),
}
"""Files of the documentation page, from a package of Python's, so that it needs no other host."""


async def docs(asked: Asked) -> Response:
    """Every path with its parameters, to be tried out in a browser."""
    page = get_swagger_ui_html(
        openapi_url=asked.link("/openapi.json"),
        title=asked.app.title,
        swagger_js_url=asked.link("/docs/swagger-ui-bundle.js"),
        swagger_css_url=asked.link("/docs/swagger-ui.css"),
        swagger_favicon_url=asked.link("/docs/favicon-32x32.png"),
        swagger_ui_parameters={"defaultModelsExpandDepth": 0, "syntaxHighlight": False, "tryItOutEnabled": True},
    )
    return await respond(asked, Release(), Document("html", "text/html; charset=utf-8"), lambda: bytes(page.body))


async def asset(asked: Asked, name: str) -> Response:
    """A file of the documentation page."""
    if name not in ASSETS:
        raise Unknown("file of the documentation", name, ASSETS)
    source = files("fastapi_swagger") / "resources" / name
    return await respond(asked, Release(), ASSETS[name], source.read_bytes, quick=False)


async def openapi(asked: Asked) -> Response:
    """The OpenAPI document."""
    text: Callable[[], bytes] = asked.app.state.openapi_text
    return await respond(asked, Release(), JSON, text, quick=False)


async def live(asked: Asked) -> Response:
    """Whether the process runs."""
    return _health(Health(status="live", datasets={}))


async def ready(asked: Asked) -> Response:
    """Whether the data is loaded and verified: the service takes no request before, so 200 or no answer at all."""
    return _health(Health(status="ready", datasets={data.card.name: len(data.labels) for data in asked.catalog}))


def _health(health: Health) -> Response:
    return Response(health.model_dump_json(), headers={"Cache-Control": "no-store"}, media_type="application/json")


async def metrics(asked: Asked) -> Response:
    """Counts and durations of requests, in Prometheus' text format."""
    text: bytes = asked.app.state.metrics.text()
    return Response(text, headers={"Cache-Control": "no-store"}, media_type="text/plain; version=0.0.4; charset=utf-8")


async def problem_kind(
    asked: Asked,
    name: Annotated[str, Path(description="last part of a problem's `type`", examples=["not-acceptable"])],
) -> Response:
    """What a kind of problem means and what to do."""
    if name not in KINDS:
        raise Unknown("kind of problem", name, KINDS)
    kind = KINDS[name]
    body = ProblemKind(type=f"{asked.root}/problems/{name}", title=kind.title, status=kind.status, remedy=kind.remedy)
    return await respond(asked, Release(), JSON, lambda: body.model_dump_json().encode())


ROUTES = (
    Route("/livez", live, tags=["operations"], responses={200: {"model": Health}}),
    Route("/readyz", ready, tags=["operations"], responses={200: {"model": Health}}),
    Route("/metrics", metrics, tags=["operations"], responses={200: {"content": {"text/plain": {}}}}),
    Route("/problems/{name}", problem_kind, tags=["operations"], responses={200: {"model": ProblemKind}}),
    Route("/openapi.json", openapi, include_in_schema=False),
    Route("/docs/{name}", asset, include_in_schema=False),
    Route("/docs", docs, include_in_schema=False, response_class=HTMLResponse),
)
