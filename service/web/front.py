"""The Front: what every answer has and no endpoint knows of: HEAD, CORS, size limits, identity, time, failures."""

import logging
import os
import re
from collections.abc import Sequence
from itertools import count
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.web.metrics import Metrics
from service.web.problems import KINDS, problem
from service.web.route import template

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
"""What a client's request id may look like."""

LONGEST_TARGET = 8_192
"""Bytes of path and query: RFC 9110, section 4.1, asks for 8,000 at least."""

LARGEST_HEADERS = 32_768
"""Bytes of all request headers."""

EXPOSED = (
    "Accept-Ranges, Allow, Content-Disposition, Content-Encoding, Content-Length, Content-Range, ETag, Epoch-Samples, "
    "Epoch-Steps, Link, Next-Start, Retry-After, Server-Timing, Total-Count, Valid-Rows, Vary, X-Request-ID"
)
"""Headers that a page of another origin may read."""

METHODS = "GET, HEAD, POST, OPTIONS"
"""Methods that a page of another origin may use."""

Headers = list[tuple[bytes, bytes]]

log = logging.getLogger("service")


class Front:
    """The outermost ASGI layer: it sees every request first and every answer last."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str], metrics: Metrics) -> None:
        """Stand before `app`; pages of `origins` (`*` is any) may read its answers."""
        self.app = app
        self.origins = frozenset(origin.encode() for origin in origins)
        self.metrics = metrics
        self.process = os.urandom(6).hex().encode()
        self.numbers = count(1)
        self.constant: Headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"access-control-expose-headers", EXPOSED.encode()),
        ]
        if b"*" in self.origins:
            self.constant += [
                (b"access-control-allow-origin", b"*"),
                (b"cross-origin-resource-policy", b"cross-origin"),
                (b"timing-allow-origin", b"*"),
            ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and finish its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, _plain_failures(send))
            return
        began = perf_counter()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        identity = given if REQUEST_ID.fullmatch(given) else b"%s-%x" % (self.process, next(self.numbers))
        origin = headers.get(b"origin")
        method, status = scope["method"], 0

        async def finish(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                spent = (perf_counter() - began) * 1_000
                timing = b"memo, total;dur=%.2f" if "memo" in scope else b"total;dur=%.2f"
                message["headers"] = [
                    *message["headers"],
                    *self.constant,
                    (b"x-request-id", identity),
                    (b"server-timing", timing % spent),
                ]
                if b"*" not in self.origins:
                    message["headers"] += self._allowed(origin)
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        if method == "HEAD":
            scope = {**scope, "method": "GET", "head": True}
        try:
            early = self._early(scope, headers)
            await (early or self.app)(scope, receive, finish)
        except ClientDisconnect:
            log.info("request %s was given up by its client", identity.decode())
        except Exception:
            log.exception("request %s failed", identity.decode())
            if status:
                raise
            detail = f"Something went wrong that is not your fault; report it with the request id {identity.decode()}."
            await problem(Request(scope), KINDS["internal-error"], detail)(scope, receive, finish)
        self.metrics.count(scope.get("memo") or template(scope), method, status, perf_counter() - began)

    def _early(self, scope: Scope, headers: dict[bytes, bytes]) -> Response | None:
        """The answer to what need not reach the application: preflights, requests too large or ambiguous."""
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            return self._preflight(headers)
        target = len(scope["raw_path"]) + len(scope["query_string"])
        if target > LONGEST_TARGET:
            detail = f"The path and query are {target} bytes long; at most {LONGEST_TARGET} are read."
            return problem(Request(scope), KINDS["uri-too-long"], detail)
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > LARGEST_HEADERS:
            detail = f"The headers are {size} bytes long; at most {LARGEST_HEADERS} are read."
            return problem(Request(scope), KINDS["headers-too-large"], detail)
        if b"%2f" in scope["raw_path"].lower():
            detail = "The path holds an encoded slash (%2F), which no path here has; write / between its parts."
            return problem(Request(scope), KINDS["unknown-resource"], detail)
        return None

    def _preflight(self, headers: dict[bytes, bytes]) -> Response:
        """The answer to a browser that asks whether it may ask (Fetch standard, CORS preflight)."""
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": METHODS,
                "Access-Control-Allow-Headers": headers.get(b"access-control-request-headers", b"*").decode("latin-1"),
                "Access-Control-Max-Age": "86400",
                "Vary": "Access-Control-Request-Headers",
            },
        )

    def _allowed(self, origin: bytes | None) -> Headers:
        """The headers that let one of the configured origins read an answer, and tell caches that they differ."""
        vary = (b"vary", b"Origin")
        if origin is None or origin not in self.origins:
            return [vary]
        return [vary, (b"access-control-allow-origin", origin)]


def _plain_failures(send: Send) -> Send:
    """Let a failed start be told by its last line alone: the sentence, not the way through the code."""

    async def tell(message: Message) -> None:
        if message["type"] == "lifespan.startup.failed":
            message = {**message, "message": message["message"].strip().rpartition("\n")[2]}
        await send(message)

    return tell
