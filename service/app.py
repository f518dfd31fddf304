"""The one place where all floors meet: datasets come in at the bottom, an ASGI application comes out at the top."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import orjson
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from service.datasets import SOURCES
from service.datasets.source import Source
from service.http.host import HostMiddleware
from service.settings import Settings
from service.web import openapi
from service.web.catalog import Catalog, Kept
from service.web.files import Files
from service.web.front import Front
from service.web.memo import Memo
from service.web.metrics import Metrics
from service.web.problems import KIND_OF, KINDS, problem, tell, tell_http
from service.web.routes import ROUTES
from service.web.workshop import Workshop

log = logging.getLogger("service")


class Service(FastAPI):
    """FastAPI with the Front and the Memo before all of it, so that even a failure has every header."""

    def __init__(self, settings: Settings, lifespan: Callable[[FastAPI], Any]) -> None:
        """Build the application of its routes; nothing is loaded yet."""
        super().__init__(
            title=openapi.TITLE,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
            redirect_slashes=False,
            routes=list(ROUTES),
            lifespan=lifespan,
            exception_handlers={**dict.fromkeys(KIND_OF, tell), HTTPException: tell_http},
        )
        self.root_path = settings.root_path
        self.settings = settings
        self.state.metrics = Metrics()
        self.state.openapi_text = cache(lambda: openapi_text(self))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go straight to the Front, once it stands; FastAPI looks whether telemetry is set up before every request."""
        if self.middleware_stack is None or scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        if self.root_path:
            scope["root_path"] = self.root_path
        await self.middleware_stack(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document; needs no data."""
        return openapi.document(self.routes)

    def build_middleware_stack(self) -> ASGIApp:
        """Front, Memo, what was added by `add_middleware`, the telling of exceptions, and the routes.

        Of FastAPI's own layers only that is taken which serves here: the Front tells failures as every other problem,
        `take` bounds its body, and no dependency has anything to close.
        """
        inner: ASGIApp = ExceptionMiddleware(self.router, handlers=self.exception_handlers)
        for layer, arguments, options in reversed(self.user_middleware):
            inner = layer(inner, *arguments, **options)
        memo = Memo(inner, capacity=self.settings.response_cache_bytes)
        metrics: Metrics = self.state.metrics
        metrics.gauges["digits_memo_bytes"] = "Bytes of finished answers in memory.", lambda: memo.size
        metrics.gauges["digits_memo_hits"] = "Requests answered from memory since the start.", lambda: memo.hits
        metrics.gauges["digits_memo_misses"] = "Requests not found in memory since the start.", lambda: memo.misses
        checked = HostMiddleware(
            memo, refuse=lambda scope, detail: problem(Request(scope), KINDS["bad-request"], detail)
        )
        return Front(checked, origins=self.settings.cors_origins, metrics=metrics)


def create_app(settings: Settings | None = None, sources: Sequence[Source] = SOURCES) -> FastAPI:
    """The application; it loads and verifies `sources` when it starts, and does not start on damaged data."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Kept]:
        workshop = Workshop(threads=settings.encoder_threads, backlog=settings.encoder_queue)
        files = Files(capacity=settings.files_bytes, workshop=workshop)
        app.state.metrics.gauges["digits_files_bytes"] = "Bytes of built files.", lambda: files.size
        try:
            yield Kept(catalog=load(sources), settings=settings, workshop=workshop, files=files)
        finally:
            workshop.close()

    return Service(settings, lifespan)


def load(sources: Sequence[Source]) -> Catalog:
    """Load and verify every dataset, and tell how long it took.

    Raises:
        DamagedData: one of them is not what its card says.
    """
    datasets = {}
    for source in sources:
        began = time.perf_counter()
        datasets[source.card.name] = data = source.load()
        spent = time.perf_counter() - began
        log.info("loaded %s: %d images, rev %s, in %.2f s", data.card.name, len(data.labels), data.rev, spent)
    return Catalog(datasets)


def openapi_text(app: FastAPI) -> bytes:
    """The OpenAPI document as it is served and committed."""
    return orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
