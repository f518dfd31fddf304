"""What runs the service and what explains it: health, metrics, documentation."""

from importlib.resources import files
from typing import Annotated

from fastapi import Depends
from fastapi.openapi.docs import get_swagger_ui_html

from service.api.dependencies import CatalogState, LifecycleState
from service.api.schemas import Health
from service.errors import Unknown
from service.http.metrics import Metrics
from service.http.openapi import write_openapi
from service.http.release import Release
from service.http.representation import Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute

RESOURCES = files("fastapi_swagger") / "resources"
"""Where the files of the documentation page are: a Python package, so that the page needs no other host."""

ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
"""Files of the documentation page, and their media types."""

READING_COST = 5.0
"""Milliseconds to read a file of a megabyte."""

DESCRIPTION_COST = 500.0
"""Milliseconds to describe all routes, the first time."""


def get_docs(request: ApiRequest) -> Representation:
    """Every path with its parameters, to be tried out in a browser."""
    page = get_swagger_ui_html(
        openapi_url=request.link("/openapi.json"),
        title=request.app.title,
        swagger_js_url=request.link("/docs/swagger-ui-bundle.js"),
        swagger_css_url=request.link("/docs/swagger-ui.css"),
        swagger_favicon_url=request.link("/docs/favicon-32x32.png"),
        swagger_ui_parameters={"defaultModelsExpandDepth": 0, "syntaxHighlight": False, "tryItOutEnabled": True},
    )
    return Representation(
        media_type="text/html; charset=utf-8", body=Whole(lambda: bytes(page.body)), version=Release()
    )


def get_docs_file(name: str) -> Representation:
    """A file of the documentation page."""
    if name not in ASSETS:
        raise Unknown("file of the documentation", name, ASSETS)
    return Representation(
        media_type=ASSETS[name], body=Whole((RESOURCES / name).read_bytes, READING_COST), version=Release()
    )


def get_openapi(request: ApiRequest, catalog: CatalogState) -> Representation:
    """The OpenAPI document, which names the datasets."""
    return Representation(
        media_type="application/json",
        body=Whole(lambda: write_openapi(request.app), DESCRIPTION_COST),
        version=catalog,
    )


def get_liveness() -> Representation:
    """Whether the process runs."""
    return _report(Health(status="live", datasets={}))


def get_readiness(catalog: CatalogState, lifecycle: LifecycleState) -> Representation:
    """Whether the data is loaded and verified, and the service is not about to stop: else 503, or no answer at all."""
    lifecycle.check_ready()
    return _report(Health(status="ready", datasets={one.card.name: len(one.labels) for one in catalog}))


def _report(health: Health) -> Representation:
    return Representation(
        media_type="application/json", body=Whole(lambda: health.model_dump_json().encode()), version=None
    )


def find_metrics(request: ApiRequest) -> Metrics:
    """The metrics of the application."""
    return request.scope["state"]["metrics"]  # type: ignore[no-any-return]


def get_metrics(metrics: Annotated[Metrics, Depends(find_metrics)]) -> Representation:
    """Counts and durations of requests, in Prometheus' text format."""
    return Representation(
        media_type="text/plain; version=0.0.4; charset=utf-8", body=Whole(metrics.write), version=None
    )


ROUTES = (
    ApiRoute("/livez", get_liveness, tags=["operations"], model=Health),
    ApiRoute("/readyz", get_readiness, tags=["operations"], model=Health),
    ApiRoute("/metrics", get_metrics, tags=["operations"], media_types=("text/plain",)),
    ApiRoute("/openapi.json", get_openapi, include_in_schema=False),
    ApiRoute("/docs/{name}", get_docs_file, include_in_schema=False),
    ApiRoute("/docs", get_docs, include_in_schema=False),
)
