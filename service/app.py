"""The one place where all floors meet: datasets come in at the bottom, an ASGI application comes out at the top."""

import logging
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

import fastapi
import pydantic
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp

from service import __version__
from service.api import ROUTES as API_ROUTES
from service.api import explorer, operations
from service.api.checksums import read_record
from service.api.dependencies import AppState
from service.api.description import DESCRIPTION
from service.api.named_types import describe_names
from service.api.open_paths import is_health, is_open
from service.api.operation_links import DESCRIBED_LINKS
from service.api.pages import PAGES
from service.data.catalog import Catalog
from service.datasets import SOURCES, mnist
from service.datasets.pixel_cache import load_through_cache
from service.datasets.source import Source
from service.errors import ServiceError
from service.formats import ENCODERS, prepare
from service.http import openapi
from service.http.access import ApiKeyMiddleware, KeyRing, RateLimitMiddleware
from service.http.admission import Admission
from service.http.allocator import return_large_blocks
from service.http.compression import LIBRARIES
from service.http.dispatcher import Dispatcher
from service.http.lifecycle import Lifecycle
from service.http.metrics import Metrics
from service.http.middleware import (
    ANY_ORIGIN,
    EVERY_ANSWER,
    AbsoluteTargetMiddleware,
    CORSMiddleware,
    EarlyAnswerMiddleware,
    FrameAncestorsMiddleware,
    RequestMetricsMiddleware,
)
from service.http.pages import PROBLEM_PAGES, TEMPLATES
from service.http.problems import handle_http_exception, handle_service_error
from service.http.rate_limit import RateLimiter
from service.http.response_cache import ResponseCacheMiddleware
from service.http.tracing import NO_TELEMETRY
from service.mirrors import ENCODED_SLASHES
from service.mirrors import ROUTES as MIRROR_ROUTES
from service.mirrors.idx import open_originals
from service.mirrors.listing import PAGES as MIRROR_PAGES
from service.package import digest_record
from service.parts import Parts, build_parts, show_data, show_parts
from service.settings import Settings

log = logging.getLogger("service")

DESCRIBERS = f"fastapi {fastapi.__version__};pydantic {pydantic.VERSION};scikit-learn {version('scikit-learn')}"
"""The libraries that write JSON of models and the OpenAPI document, and the one whose text is the notes of a card."""

RELEASE = f"{__version__};{ENCODERS};{LIBRARIES};{TEMPLATES};{DESCRIBERS}"
"""What decides about bytes besides data, URL and the files of the package."""


class Service(FastAPI):
    """FastAPI without the layers that have nothing to do here, which take 9 % of a small answer.

    `RequestMetricsMiddleware` answers what nothing else handles, `read_body` bounds bodies, and no dependency has
    anything to close.

    The server finds here what it shares with the application: the `lifecycle`, the `admission` of requests, and the
    `metrics`, in which it counts what it refuses.
    """

    lifecycle: Lifecycle
    admission: Admission
    metrics: Metrics

    def build_middleware_stack(self) -> ASGIApp:
        """The middleware that was added, the handling of exceptions, and the routes."""
        app: ASGIApp = ExceptionMiddleware(Dispatcher(self.router), handlers=self.exception_handlers)
        for layer, arguments, options in reversed(self.user_middleware):
            app = layer(app, *arguments, **options)
        return app


def create_app(settings: Settings | None = None, sources: Sequence[Source] | Catalog = SOURCES) -> FastAPI:
    """The application; it loads and verifies `sources` when it starts, and does not start on damaged data.

    Instead of sources it takes a catalog that is loaded already, which several workers share.
    """
    cards = [source.card for source in sources]
    parts = build_parts(settings or Settings(), cards, release=f"{RELEASE};files {digest_record()}")
    if isinstance(sources, Catalog):
        parts.row_stores.open()  # before the workers are forked, so that all have the same file
    app = Service(
        **DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        routes=[*API_ROUTES, *MIRROR_ROUTES],
        lifespan=lambda _: run(parts, sources),
        telemetry=NO_TELEMETRY if parts.tracing is None else parts.tracing.telemetry,
        exception_handlers={ServiceError: handle_service_error, HTTPException: handle_http_exception},
    )
    app.lifecycle, app.admission, app.metrics = parts.lifecycle, parts.admission, parts.metrics
    app.root_path = parts.settings.root_path
    names, needs_key = describe_names(cards), bool(parts.settings.api_keys)
    app.openapi = cache(lambda: openapi.document(app, names, DESCRIBED_LINKS, needs_key=needs_key))  # type: ignore[method-assign] # as FastAPI documents it
    show_parts(parts)
    show_data(parts.metrics, cards)
    add_layers(app, parts)
    return app


@asynccontextmanager
async def run(parts: Parts, sources: Sequence[Source] | Catalog) -> AsyncIterator[AppState]:
    """Start an application, give what its endpoints need of it, and end it.

    Raises:
        DamagedData: a dataset or a file of the package is not what it should be.
    """
    return_large_blocks()
    prepare_answers()
    await parts.pool.prepare()
    if isinstance(sources, Catalog):
        catalog = sources
    else:
        catalog = load(sources, parts.settings.cache_folder)
        parts.row_stores.open()
    if mnist.CARD.name in catalog.datasets:
        await open_originals(parts.files)
    if parts.tracing is not None:
        parts.tracing.start()
    yield AppState(
        catalog=catalog,
        settings=parts.settings,
        metrics=parts.metrics,
        executor=parts.executor,
        row_stores=parts.row_stores,
        lifecycle=parts.lifecycle,
    )
    parts.lifecycle.stop()  # a server of another kind has not told it
    parts.row_stores.close()
    parts.metrics.close()
    if parts.tracing is not None:
        await parts.tracing.stop()
    await parts.executor.background.finish()  # the last, for what it waits for may take longer than the server does


def add_layers(app: Service, parts: Parts) -> None:
    """Add the middleware that the settings ask for."""
    settings = parts.settings
    # The last one added is the outermost.
    app.add_middleware(ResponseCacheMiddleware, cache=parts.responses)
    add_access(app, settings)
    app.add_middleware(
        EarlyAnswerMiddleware,
        encoded_slashes=ENCODED_SLASHES,
        header_bytes=settings.header_bytes,
        target_bytes=settings.target_bytes,
    )
    anybody = "*" in settings.cors_origins
    app.add_middleware(
        RequestMetricsMiddleware,
        metrics=parts.metrics,
        headers=[*EVERY_ANSWER, *(ANY_ORIGIN if anybody else ())],
        tracing=parts.tracing,
        log_requests=settings.access_log,
    )
    if not anybody:
        app.add_middleware(CORSMiddleware, origins=settings.cors_origins)
    if settings.frame_ancestors:
        app.add_middleware(FrameAncestorsMiddleware, origins=settings.frame_ancestors)
    app.add_middleware(AbsoluteTargetMiddleware)


def prepare_files() -> None:
    """Read all files of packages that answers are made of, so that none is opened, or found damaged, while serving.

    Raises:
        DamagedData: one of them is not what it should be.
    """
    for pages in (PROBLEM_PAGES, PAGES, MIRROR_PAGES):
        pages.prepare()
    read_record()
    explorer.prepare()
    operations.prepare()
    with suppress(OSError):  # it may get room later
        tempfile.gettempdir()  # which writes a file to try each directory, the first time


def prepare_answers() -> None:
    """Import, compile and read what answers are made with, so that no answer waits for it.

    Raises:
        DamagedData: a file of a package is not what it should be.
    """
    prepare()
    prepare_files()


def add_access(app: FastAPI, settings: Settings) -> None:
    """Add what refuses requests of clients without a key, and of those that send too many, if a setting asks for it."""
    keys = KeyRing(settings.api_keys)
    if settings.api_keys:
        app.add_middleware(ApiKeyMiddleware, keys=keys, is_open=partial(is_open, open_metrics=settings.open_metrics))
        log.info("clients need one of %d keys", len(settings.api_keys))
    if settings.rate_limit:
        limiter = RateLimiter(
            quota=settings.rate_limit, window=settings.rate_window_seconds, clients=settings.rate_clients
        )
        app.add_middleware(RateLimitMiddleware, limiter=limiter, keys=keys, is_unlimited=is_health)


def load(sources: Sequence[Source], folder: Path | None = None) -> Catalog:
    """Load and verify every dataset, and log how long it took; large ones are mapped from a file in `folder`.

    Raises:
        DamagedData: one of them is not what its card says.
    """
    datasets = {}
    for source in sources:
        began = time.perf_counter()
        datasets[source.card.name] = data = load_through_cache(source, folder)
        seconds = time.perf_counter() - began
        log.info("loaded %s: %d images, rev %s, in %.2f s", data.card.name, len(data.labels), data.rev, seconds)
    return Catalog(datasets)
