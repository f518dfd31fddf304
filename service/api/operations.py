"""What runs the service and what explains it: health, metrics, documentation."""

from functools import cache
from typing import Annotated

from fastapi import Depends

from service.api.dependencies import CatalogState, LifecycleState, SettingsState
from service.api.pages import PAGES
from service.api.schemas import Health
from service.api.static_file import StaticFile
from service.errors import Unknown
from service.http.metrics import OPENMETRICS_TYPE, TEXT_TYPE, Metrics
from service.http.openapi import write_openapi
from service.http.pages import MEDIA_TYPE, secure
from service.http.release import Release
from service.http.representation import Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute
from service.package import read_installed

RESOURCES = ("fastapi-swagger", "fastapi_swagger/resources/")
"""The distribution and the folder with the files of the documentation page, so that it needs no other host."""

ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
"""Files of the documentation page, and their media types."""

COMPRESSING_COST = 5.0
"""Milliseconds to compress a file of a megabyte."""

SELF_ONLY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the documentation page: its styles hold pictures, and it shows those of answers."""


DESCRIPTION_COST = 500.0
"""Milliseconds to describe all routes, the first time."""


def get_docs(request: ApiRequest) -> Representation:
    """Every path with its parameters, to be tried out in a browser."""
    return Representation(
        media_type=MEDIA_TYPE,
        body=Whole(lambda: PAGES.render("docs.html", root=request.root, title=request.app.title)),
        version=Release(),
        headers=secure(SELF_ONLY),
    )


def get_docs_file(name: str) -> Representation:
    """A file of the documentation page."""
    if name not in ASSETS:
        raise Unknown("file of the documentation", name, ASSETS)
    return read_docs_file(name).represent(cost=COMPRESSING_COST)


@cache
def read_docs_file(name: str) -> StaticFile:
    """A file of the documentation page, read once.

    Raises:
        DamagedData: it is missing, or is not the one that was installed.
    """
    distribution, folder = RESOURCES
    return StaticFile(ASSETS[name], read_installed(distribution, folder + name))


def prepare() -> None:
    """Read every file of the documentation page, so that no answer opens one.

    Raises:
        DamagedData: one of them is damaged.
    """
    for name in ASSETS:
        _ = read_docs_file(name).digest


def get_openapi(request: ApiRequest, catalog: CatalogState, settings: SettingsState) -> Representation:
    """The OpenAPI document, which names the datasets, and says whether a key is needed."""
    return Representation(
        media_type="application/json",
        body=Whole(lambda: write_openapi(request.app), DESCRIPTION_COST),
        version=catalog,
        identity=f"openapi {request.root} {bool(settings.api_keys)}",
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


async def write_metrics(request: ApiRequest) -> tuple[bytes, str]:
    """The metrics of the application, and their media type."""
    metrics: Metrics = request.scope["state"]["metrics"]
    return await metrics.write(request.header(b"accept"))


def get_metrics(metrics: Annotated[tuple[bytes, str], Depends(write_metrics)]) -> Representation:
    """Counts and durations of requests, in Prometheus' text format, or OpenMetrics' if `Accept` asks for it."""
    content, media_type = metrics
    return Representation(media_type=media_type, body=Whole(lambda: content), version=None, headers={"Vary": "Accept"})


ROUTES = (
    ApiRoute("/livez", get_liveness, tags=["operations"], model=Health),
    ApiRoute("/readyz", get_readiness, tags=["operations"], model=Health),
    ApiRoute("/metrics", get_metrics, tags=["operations"], media_types=(TEXT_TYPE, OPENMETRICS_TYPE)),
    ApiRoute("/openapi.json", get_openapi, include_in_schema=False),
    ApiRoute("/docs/{name}", get_docs_file, include_in_schema=False),
    ApiRoute("/docs", get_docs, include_in_schema=False),
)
