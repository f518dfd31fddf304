"""The one place where all floors meet: datasets come in at the bottom, an ASGI application comes out at the top."""

import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp

from service import __version__
from service.api import ROUTES as API_ROUTES
from service.api.dependencies import AppState
from service.api.description import DESCRIPTION
from service.api.named_types import describe_names
from service.api.pages import PAGES
from service.data.catalog import Catalog
from service.datasets import SOURCES
from service.datasets.source import Source
from service.errors import ServiceError
from service.formats import ENCODERS, prepare
from service.formats.row_stores import RowStores
from service.http import openapi
from service.http.allocator import return_large_blocks
from service.http.compression import LIBRARIES
from service.http.dispatcher import Dispatcher
from service.http.encoder_pool import EncoderPool
from service.http.executor import Executor
from service.http.file_store import FileStore
from service.http.memory_budget import MemoryBudget
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
from service.http.response_cache import ResponseCache, ResponseCacheMiddleware
from service.mirrors import ENCODED_SLASHES
from service.mirrors import ROUTES as MIRROR_ROUTES
from service.mirrors.listing import PAGES as MIRROR_PAGES
from service.settings import Settings

log = logging.getLogger("service")

RELEASE = f"{__version__};{ENCODERS};{LIBRARIES};{TEMPLATES}"
"""What decides about bytes besides data and URL."""


class Service(FastAPI):
    """FastAPI without the layers that have nothing to do here, which take 9 % of a small answer.

    `RequestMetricsMiddleware` answers what nothing else handles, `read_body` bounds bodies, and no dependency has
    anything to close.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """The middleware that was added, the handling of exceptions, and the routes."""
        app: ASGIApp = ExceptionMiddleware(Dispatcher(self.router), handlers=self.exception_handlers)
        for layer, arguments, options in reversed(self.user_middleware):
            app = layer(app, *arguments, **options)
        return app


def create_app(settings: Settings | None = None, sources: Sequence[Source] = SOURCES) -> FastAPI:
    """The application; it loads and verifies `sources` when it starts, and does not start on damaged data."""
    settings = settings or Settings()
    metrics, responses = Metrics(), ResponseCache(capacity=settings.response_cache_bytes)
    budget = MemoryBudget(capacity=settings.answers_bytes, cached=settings.response_cache_bytes)
    pool = EncoderPool(
        threads=settings.encoder_threads,
        queue=settings.encoder_queue,
        budget=budget,
        patience=settings.encoder_wait_seconds,
    )
    files = FileStore(capacity=settings.files_bytes, pool=pool)
    row_stores = RowStores(capacity=settings.row_stores_bytes)
    executor = Executor(release=RELEASE, cache=responses, files=files, pool=pool)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[AppState]:
        return_large_blocks()
        prepare()
        for pages in (PROBLEM_PAGES, PAGES, MIRROR_PAGES):
            pages.prepare()
        await pool.prepare()
        yield AppState(
            catalog=load(sources), settings=settings, metrics=metrics, executor=executor, row_stores=row_stores
        )
        row_stores.close()
        await executor.background.finish()

    app = Service(
        **DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        routes=[*API_ROUTES, *MIRROR_ROUTES],
        lifespan=lifespan,
        telemetry=TelemetryConfig(tracing=False, metrics=False, logs=False),  # a look for it costs 2 µs a request
        exception_handlers={ServiceError: handle_service_error, HTTPException: handle_http_exception},
    )
    app.root_path = settings.root_path
    names = describe_names([source.card for source in sources])
    app.openapi = cache(lambda: openapi.document(app, names))  # type: ignore[method-assign] # as FastAPI documents it
    metrics.read("digits_files_bytes", "Bytes of built files.", lambda: files.size)
    metrics.read("digits_files_used_bytes", "Bytes of built files, also while built and sent.", lambda: files.used)
    metrics.read("digits_answers_bytes", "Bytes of answers being made, sent or kept.", lambda: budget.used)
    metrics.read("digits_encoder_waiting", "Encodings that wait.", lambda: pool.waiting)
    metrics.read("digits_encoder_running", "Encodings that run.", lambda: pool.running)
    metrics.read("digits_encoder_refused", "Encodings refused.", lambda: pool.refused, counts=True)
    metrics.read("digits_encoder_abandoned", "Encodings whose clients left.", lambda: pool.abandoned, counts=True)
    metrics.read("digits_row_stores_bytes", "Bytes of finished rows.", lambda: row_stores.size)
    metrics.read("digits_response_cache_bytes", "Bytes of finished answers in memory.", lambda: responses.size)
    metrics.read("digits_response_cache_hits", "Requests answered from memory.", lambda: responses.hits, counts=True)
    metrics.read("digits_response_cache_misses", "Requests not found in memory.", lambda: responses.misses, counts=True)
    # The last one added is the outermost.
    app.add_middleware(ResponseCacheMiddleware, cache=responses)
    app.add_middleware(EarlyAnswerMiddleware, encoded_slashes=ENCODED_SLASHES)
    if "*" in settings.cors_origins:
        app.add_middleware(RequestMetricsMiddleware, metrics=metrics, headers=[*EVERY_ANSWER, *ANY_ORIGIN])
    else:
        app.add_middleware(RequestMetricsMiddleware, metrics=metrics)
        app.add_middleware(CORSMiddleware, origins=settings.cors_origins)
    if settings.frame_ancestors:
        app.add_middleware(FrameAncestorsMiddleware, origins=settings.frame_ancestors)
    app.add_middleware(AbsoluteTargetMiddleware)
    return app


def load(sources: Sequence[Source]) -> Catalog:
    """Load and verify every dataset, and log how long it took.

    Raises:
        DamagedData: one of them is not what its card says.
    """
    datasets = {}
    for source in sources:
        began = time.perf_counter()
        datasets[source.card.name] = data = source.load()
        seconds = time.perf_counter() - began
        log.info("loaded %s: %d images, rev %s, in %.2f s", data.card.name, len(data.labels), data.rev, seconds)
    return Catalog(datasets)
