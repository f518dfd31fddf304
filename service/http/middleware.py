"""Middleware: what every answer has and no endpoint knows of. Pure ASGI."""

import logging
import os
import re
from collections.abc import Awaitable, Sequence
from itertools import count

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.host import find_host_fault, split_absolute_target
from service.http.logs import log_request
from service.http.metrics import Metrics
from service.http.problems import KINDS, find_route_path, respond
from service.http.request import Headers, read_header
from service.http.request_record import CURRENT, RequestRecord
from service.http.tracing import Tracing

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
"""What a client's request id may look like."""

LONGEST_TARGET = 8_192
"""Bytes of path and query: RFC 9110, section 4.1, asks for 8,000 at least."""

LARGEST_HEADERS = 32_768
"""Bytes of all request headers."""

EXPOSED = (
    "Accept-Ranges, Allow, Content-Disposition, Content-Encoding, Content-Length, Content-Range, ETag, Epoch-Samples, "
    "Epoch-Steps, Last-Modified, Link, Next-Start, RateLimit, RateLimit-Policy, Repr-Digest, Retry-After, "
    "Server-Timing, Total-Count, Valid-Rows, Vary, WWW-Authenticate, X-Error-Code, X-Error-Message, X-Repo-Commit, "
    "X-Request-ID"
)
"""Headers that a page of another origin may read."""

METHODS = "GET, HEAD, POST, OPTIONS"
"""Methods that a page of another origin may use."""

VERSIONS = ("1.1", "1.0")
"""Versions of HTTP that are answered; httptools takes some more."""

CLIENT_CLOSED_REQUEST = 499
"""The status in metrics and logs of a request whose client left before it was answered, as in nginx's logs."""

REFUSAL_STATUSES = frozenset({400, 401, 408, 413, 414, 429, 431, 503})
"""Statuses of requests that are refused for what they are or how many there are, not for what they ask for."""

REFUSALS = frozenset(kind.name for kind in KINDS.values() if kind.status in REFUSAL_STATUSES)
"""Kinds of problems that are counted as refusals."""

log = logging.getLogger("service")


EVERY_ANSWER: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"access-control-expose-headers", EXPOSED.encode()),
]
"""Headers of every answer."""

ANY_ORIGIN: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"timing-allow-origin", b"*"),
]
"""Headers of every answer that pages of any origin may read (Fetch standard, CORS protocol)."""


class AbsoluteTargetMiddleware:
    """Lets everything behind it see a path where a client has sent a whole URL, as clients of a proxy do.

    With `http_proxy` set to the address of the service, programs get from it what is at a path of any other host. The
    parser h11 passes the URL on as a path; httptools leaves out scheme and host, which `HttpProtocol` adds again.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Pass requests to `app`."""
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Let the application answer; not a coroutine itself, because nearly every request is passed on as it is."""
        if scope["type"] == "http" and b"://" in scope["raw_path"]:
            scope = split_absolute_target(scope)
        return self.app(scope, receive, send)


class RequestMetricsMiddleware:
    """Names and times every request: `X-Request-ID`, `Server-Timing`, metrics, a line of the log, and its span.

    It adds constant headers, and turns an exception that nothing else handled into the problem that names the request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        headers: Headers = EVERY_ANSWER,
        tracing: Tracing | None = None,
        log_requests: bool = False,
    ) -> None:
        """Count the requests to `app`, and add `headers` to every answer."""
        self.app = app
        self.metrics = metrics
        self.headers = tuple(headers)
        self.tracing = tracing
        self.log_requests = log_requests
        self.process = os.urandom(6).hex()
        self.numbers = count(1)
        metrics.expect_refusals(*REFUSALS)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Let the application answer."""
        return (self._answer if scope["type"] == "http" else self.app)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        record = self._open(scope)

        async def receive_noted() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not record.ended:
                record.disconnected = True
            return message

        async def send_timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._start(scope, record, message)
            else:
                record.sent += len(message.get("body", b""))
                if not message.get("more_body"):
                    record.ended = True
            await send(message)

        self.metrics.in_flight += 1
        try:
            await self.app(scope, receive_noted, send_timed)
        except ClientDisconnect:
            record.disconnected = True
            log.info("the client of request %s has disconnected", record.identity)
        except Exception as error:
            self._note_failure(record, error)
            if record.status:
                raise
            detail = f"Something went wrong that is not your fault; report it with the request id {record.identity}."
            await respond(Request(scope), KINDS["internal-error"], detail)(scope, receive, send_timed)
        finally:
            self.metrics.in_flight -= 1
            self._finish(scope, record)

    def _open(self, scope: Scope) -> RequestRecord:
        """The record of a request, under the id that the client gave it, or a new one."""
        given = read_header(scope["headers"], b"x-request-id")
        record = RequestRecord(
            given if given and REQUEST_ID.fullmatch(given) else f"{self.process}-{next(self.numbers):x}"
        )
        CURRENT.set(record)
        if self.tracing is not None:
            self.tracing.begin(record)
        return record

    def _note_failure(self, record: RequestRecord, error: Exception) -> None:
        """Log an exception that nothing handled, and count it."""
        self.metrics.count_failure()
        log.error("request %s failed", record.identity, exc_info=error)
        if self.tracing is not None:
            self.tracing.note_failure(error)

    def _start(self, scope: Scope, record: RequestRecord, message: Message) -> None:
        """Note what the head of the answer says, and add headers to it."""
        record.status = message["status"]
        for name, value in message["headers"]:
            if name == b"content-type":
                record.media_type = value
                break
        timing = write_timing(record) if record.parts else b"total;dur=%.2f" % (record.seconds * 1_000)
        identity = (b"x-request-id", record.identity.encode())
        message["headers"] = [*message["headers"], *self.headers, identity, (b"server-timing", timing)]
        if self.tracing is not None:
            self.tracing.describe(record, scope["method"], find_route(scope))

    def _finish(self, scope: Scope, record: RequestRecord) -> None:
        """Count the answer, and log it."""
        route, status = find_route(scope), record.status or CLIENT_CLOSED_REQUEST
        if scope["method"] == "HEAD":
            record.sent = 0  # the server does not send it
        self.metrics.count(
            route,
            scope["method"],
            status,
            seconds=record.seconds,
            media_type=record.media_type,
            sent=record.sent,
            trace_id=record.trace_id,
        )
        if status >= 400 and scope.get("problem") in REFUSALS:
            self.metrics.count_refusal(scope["problem"])
        if self.tracing is not None:
            self.tracing.end(record)
        if self.log_requests:
            log_request(scope, record, route=route, status=status)


def find_route(scope: Scope) -> str:
    """The template of the path of a request, empty if no route has it."""
    return getattr(scope.get("route"), "path", "")


def write_timing(record: RequestRecord) -> bytes:
    """The value of `Server-Timing`: parts of the work and the total, in milliseconds."""
    durations: dict[str, float] = {}
    for part in record.parts:
        durations[part.name] = durations.get(part.name, 0.0) + part.seconds
    durations["total"] = record.seconds
    return ", ".join([f"{name};dur={seconds * 1_000:.2f}" for name, seconds in durations.items()]).encode()


class CORSMiddleware:
    """Lets pages of some origins read answers (Fetch standard, CORS protocol).

    Where any origin may, the headers are the same for all answers, and this is not needed.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        """Allow pages of `origins`."""
        self.app = app
        self.origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one of the origins read the answer, and tell caches that answers differ by origin."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        origin = read_header(scope["headers"], b"origin")
        allowed = [(b"access-control-allow-origin", origin.encode("latin-1"))] * (origin in self.origins)

        async def send_allowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"vary", b"Origin"), *allowed]
            await send(message)

        await self.app(scope, receive, send_allowed)


UNFRAMED = b"frame-ancestors 'none'"
"""The directive of the pages' Content-Security-Policy (CSP Level 3, section 6.4.2) that keeps them out of frames."""


class FrameAncestorsMiddleware:
    """Lets pages of some origins show the pages of the service in a frame; without it, none may."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        """Allow `origins`, of which `self` is that of the service."""
        self.app = app
        sources = ["'self'" if origin == "self" else origin for origin in origins]
        self.directive = f"frame-ancestors {' '.join(sources)}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and change the policy of a page."""

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, value.replace(UNFRAMED, self.directive) if name == b"content-security-policy" else value)
                    for name, value in message["headers"]
                ]
            await send(message)

        await self.app(scope, receive, send_framed)


class EarlyAnswerMiddleware:
    """Answers what need not reach the application: preflights, and requests that are too large or ambiguous."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        encoded_slashes: Sequence[str] = (),
        header_bytes: int = LARGEST_HEADERS,
        target_bytes: int = LONGEST_TARGET,
    ) -> None:
        """Pass other requests to `app`; an encoded slash is one in those whose path begins with `encoded_slashes`."""
        self.app = app
        self.encoded_slashes = tuple(encoded_slashes)
        self.header_bytes = header_bytes
        self.target_bytes = target_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once, or let the application answer."""
        early = self._find_early_answer(scope) if scope["type"] == "http" else None
        await (early or self.app)(scope, receive, send)

    def _find_early_answer(self, scope: Scope) -> Response | None:
        """The answer to a preflight, or to a request that nothing shall look at."""
        if scope["method"] == "OPTIONS" and read_header(scope["headers"], b"access-control-request-method"):
            return answer_preflight(scope["headers"])
        refusal = find_version_refusal(scope["http_version"]) or find_refusal(
            scope, self.encoded_slashes, header_bytes=self.header_bytes, target_bytes=self.target_bytes
        )
        return None if refusal is None else respond(Request(scope), KINDS[refusal[0]], refusal[1])


def answer_preflight(headers: Headers) -> Response:
    """The answer to a browser that asks what it may send."""
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": read_header(headers, b"access-control-request-headers") or "*",
            "Access-Control-Max-Age": "86400",
            "Vary": "Access-Control-Request-Headers",
        },
    )


def find_version_refusal(version: str) -> tuple[str, str] | None:
    """The kind of problem and its detail, if a request is of a version of HTTP that is not answered."""
    if version in VERSIONS:
        return None
    return "unsupported-version", f"The request is one of HTTP/{version}; send it as HTTP/1.1 or HTTP/1.0."


def find_refusal(
    scope: Scope,
    encoded_slashes: tuple[str, ...] = (),
    *,
    header_bytes: int = LARGEST_HEADERS,
    target_bytes: int = LONGEST_TARGET,
) -> tuple[str, str] | None:
    """The kind of problem and its detail, if a request is no valid HTTP, too large or ambiguous.

    An encoded slash is ambiguous, but for paths that begin with one of `encoded_slashes`.
    """
    size, hosts, path = 0, [], scope["raw_path"]
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        if name == b"host":
            hosts.append(value)
    host_fault = find_host_fault(hosts, scope["http_version"])
    if host_fault:
        return "bad-request", host_fault
    if size > header_bytes:
        return "headers-too-large", f"The headers are {size} bytes long; at most {header_bytes} are read."
    target = len(path) + len(scope["query_string"])
    if target > target_bytes:
        return "uri-too-long", f"The path and query are {target} bytes long; at most {target_bytes} are read."
    if b"%2" in path and b"%2f" in path.lower():
        if encoded_slashes and find_route_path(scope).startswith(encoded_slashes):
            return None
        detail = "The path holds an encoded slash (%2F), which no path here has; write / between its parts."
        return "unknown-resource", detail
    return None
