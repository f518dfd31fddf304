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
from service.data.dataset import Dataset
from service.datasets import SOURCES, mnist
from service.datasets.pixel_cache import load_through_cache
from service.datasets.source import Source
from service.errors import ServiceError
from service.formats import ENCODERS, prepare
from service.formats.row_stores import RowStores
from service.http import openapi
from service.http.access import ApiKeyMiddleware, KeyRing, RateLimitMiddleware
from service.http.admission import Admission
from service.http.allocator import return_large_blocks
from service.http.compression import LIBRARIES
from service.http.dispatcher import Dispatcher
from service.http.encoder_pool import EncoderPool
from service.http.executor import Executor
from service.http.file_store import FileStore
from service.http.lifecycle import Lifecycle
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
from service.http.rate_limit import RateLimiter
from service.http.response_cache import ResponseCache, ResponseCacheMiddleware
from service.http.tracing import NO_TELEMETRY, Tracing
from service.mirrors import ENCODED_SLASHES
from service.mirrors import ROUTES as MIRROR_ROUTES
from service.mirrors.idx import open_originals
from service.mirrors.listing import PAGES as MIRROR_PAGES
from service.package import digest_record
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
    settings = settings or Settings()
    metrics, responses = Metrics(), ResponseCache(capacity=settings.response_cache_bytes)
    budget = MemoryBudget(capacity=settings.answers_bytes, cached=settings.response_cache_bytes)
    pool = EncoderPool(
        threads=settings.encoder_threads,
        queue=settings.encoder_queue,
        budget=budget,
        patience=settings.encoder_wait_seconds,
    )
    lifecycle = Lifecycle()
    lifecycle.when_stopping(pool.close)
    admission = Admission(queue=settings.queue_requests, seconds=settings.queue_seconds)
    files = FileStore(capacity=settings.files_bytes, pool=pool, observe=partial(metrics.observe_build, "file"))
    row_stores = RowStores(
        [f"{source.card.name}/{split}" for source in sources for split in source.card.splits],
        capacity=settings.row_stores_bytes,
        observe=partial(metrics.observe_build, "rows"),
    )
    if isinstance(sources, Catalog):
        row_stores.open()  # before the workers are forked, so that all have the same file
    executor = Executor(release=f"{RELEASE};files {digest_record()}", cache=responses, files=files, pool=pool)
    tracing = Tracing(version=__version__) if settings.traces else None
    loaded: list[Dataset] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[AppState]:
        return_large_blocks()
        prepare_answers()
        await pool.prepare()
        if isinstance(sources, Catalog):
            catalog = sources
        else:
            catalog = load(sources, settings.cache_folder)
            row_stores.open()
        if mnist.CARD.name in catalog.datasets:
            await open_originals(files)
        loaded[:] = catalog
        if tracing is not None:
            tracing.start()
        yield AppState(
            catalog=catalog,
            settings=settings,
            metrics=metrics,
            executor=executor,
            row_stores=row_stores,
            lifecycle=lifecycle,
        )
        loaded.clear()
        row_stores.close()
        await executor.background.finish()
        metrics.close()
        if tracing is not None:
            await tracing.stop()

    app = Service(
        **DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        routes=[*API_ROUTES, *MIRROR_ROUTES],
        lifespan=lifespan,
        telemetry=NO_TELEMETRY if tracing is None else tracing.telemetry,
        exception_handlers={ServiceError: handle_service_error, HTTPException: handle_http_exception},
    )
    app.lifecycle, app.admission, app.metrics = lifecycle, admission, metrics
    app.root_path = settings.root_path
    names = describe_names([source.card for source in sources])
    app.openapi = cache(lambda: openapi.document(app, names, DESCRIBED_LINKS, needs_key=bool(settings.api_keys)))  # type: ignore[method-assign] # as FastAPI documents it
    show_stores(metrics, settings, responses, files, row_stores)
    show_pool(metrics, settings, pool)
    show_state(metrics, lifecycle, admission, loaded)
    add_layers(app, settings, responses, tracing)
    return app


def add_layers(app: Service, settings: Settings, responses: ResponseCache, tracing: Tracing | None) -> None:
    """Add the middleware that the settings ask for."""
    # The last one added is the outermost.
    app.add_middleware(ResponseCacheMiddleware, cache=responses)
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
        metrics=app.metrics,
        headers=[*EVERY_ANSWER, *(ANY_ORIGIN if anybody else ())],
        tracing=tracing,
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


def show_state(metrics: Metrics, lifecycle: Lifecycle, admission: Admission, loaded: Sequence[Dataset]) -> None:
    """Show what is served, and whether requests are welcome."""
    metrics.read("digits_requests_waiting", "Requests that wait for their turn.", lambda: admission.waiting)
    metrics.read(
        "digits_ready",
        "Whether requests are welcome: the data is verified, and the service does not stop.",
        lambda: bool(loaded) and lifecycle.ready,
    )
    metrics.tell("digits_build_info", "The release.", lambda: [{"version": __version__}])
    metrics.tell("digits_dataset_info", "The data.", lambda: [{"dataset": d.card.name, "rev": d.rev} for d in loaded])


def show_stores(
    metrics: Metrics, settings: Settings, responses: ResponseCache, files: FileStore, row_stores: RowStores
) -> None:
    """Show how much the stores hold and may hold, and how often the response cache had the answer."""
    metrics.read("digits_files_bytes", "Bytes of built files.", lambda: files.size)
    metrics.read("digits_files_used_bytes", "Bytes of files that are kept, built or sent.", lambda: files.used)
    metrics.read("digits_row_stores_bytes", "Bytes of finished rows.", lambda: row_stores.size, common=True)
    metrics.read("digits_response_cache_bytes", "Bytes of finished answers in memory.", lambda: responses.size)
    metrics.read("digits_files_capacity_bytes", "DIGITS_FILES_BYTES.", lambda: settings.files_bytes)
    metrics.read(
        "digits_row_stores_capacity_bytes", "DIGITS_ROW_STORES_BYTES.", lambda: settings.row_stores_bytes, common=True
    )
    metrics.read(
        "digits_response_cache_capacity_bytes", "DIGITS_RESPONSE_CACHE_BYTES.", lambda: settings.response_cache_bytes
    )
    metrics.read("digits_response_cache_hits", "Requests answered from memory.", lambda: responses.hits, counts=True)
    metrics.read("digits_response_cache_misses", "Requests not found in memory.", lambda: responses.misses, counts=True)


def show_pool(metrics: Metrics, settings: Settings, pool: EncoderPool) -> None:
    """Show how much the pool has to do, and how much memory answers take."""
    metrics.read("digits_encoder_threads", "Threads for encodings.", lambda: settings.encoder_threads)
    metrics.read("digits_encoders_running", "Encodings under way.", lambda: pool.running)
    metrics.read("digits_encoders_waiting", "Encodings that wait for a thread.", lambda: pool.waiting)
    metrics.read("digits_encoders_refused", "Encodings refused.", lambda: pool.refused, counts=True)
    metrics.read("digits_encoders_abandoned", "Encodings whose clients left.", lambda: pool.abandoned, counts=True)
    metrics.read("digits_answers_bytes", "Bytes of answers being made, sent or kept.", lambda: pool.budget.used)


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
