"""HTTP/1 on one connection: uvicorn's protocol, and the rules of RFC 9110 and RFC 9112 that it leaves out.

Knows no application. Some of the methods that it overrides are internal to uvicorn (0.54); tests with real connections
fail if a release renames one.
"""

import asyncio
from http import HTTPStatus
from typing import Any, ClassVar

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from service.http.problems import KINDS, MEDIA_TYPE, Problem

MAX_PENDING_BYTES = 65_536
"""Bytes that a connection may send without completing a head or a part of a body."""

MAX_INSTANCE_BYTES = 1_000
"""Bytes of a request's path that a problem document repeats."""

PROBLEMS = {kind.status: kind for kind in (KINDS["bad-request"], KINDS["headers-too-large"])}
"""The problems that are found before the application has a request to answer."""

MAPPED = "::ffff:"
"""How the address of an IPv4 client begins on a socket that also takes IPv6 (RFC 4291, section 2.5.5.2)."""


class HttpProtocol(HttpToolsProtocol):
    """One connection to a client.

    - A request that asks for an upgrade (`Upgrade: h2c`) is answered as if it did not (RFC 9110, section 7.8).
    - A request of HTTP/1.0 is answered without chunks (RFC 9112, section 6.1).
    - Trailer fields are dropped, and not added to the header fields (RFC 9110, section 6.5.1).
    - What is not HTTP is answered with a problem document (RFC 9457), after the answers to the requests before it.
    - A connection that sends nothing is closed, and so is one whose head has no end.
    """

    public_path: ClassVar[str] = ""
    """Path under which a proxy shows the service; problem documents link to their explanation below it."""

    pending_bytes = 0
    """Bytes received since the last complete head or part of a body."""

    refused = False
    """Whether a request was refused, so that what follows it cannot be parsed."""

    url = b""
    """Target of the last request, as far as it was received."""

    @staticmethod
    def count_refusal(kind: str) -> None:
        """Count a request that is refused here, by the name of the kind of problem. A server replaces this."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn declares it
        """Give an IPv4 client its usual address, and wait for the first request only so long."""
        super().connection_made(transport)
        if self.client and self.client[0].startswith(MAPPED):
            self.client = self.client[0].removeprefix(MAPPED), self.client[1]
        self._close_when_idle()

    def _close_when_idle(self) -> None:
        """Close the connection, unless something is received in time."""
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection at once; uvicorn lets the timer of a reset one hold it until it fires."""
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what was received; the callbacks below start the answers."""
        if self.refused:
            return
        self._unset_keepalive_if_required()
        self.pending_bytes += len(data)
        rest: bytes | memoryview = data
        try:
            while rest:
                rest = self._parse(rest)
        except httptools.HttpParserError:
            self.send_400_response("The request is not valid HTTP/1.1.")
        if self.pending_bytes > MAX_PENDING_BYTES and not self.refused:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too long.")
        if self.timeout_keep_alive_task is None and self._unanswered() is None:
            self._close_when_idle()  # part of a head, or a body that came later than its answer

    def _parse(self, data: bytes | memoryview) -> bytes | memoryview:
        """Parse to the end of a head that asks for an upgrade, or of the data, and return what is left.

        A parser takes what follows such a head for another protocol, so a new one parses the head without `Upgrade`.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self.parser.get_method() == b"CONNECT":
                raise httptools.HttpParserError("The service is not a proxy.") from None
            head = self._head_without_upgrade()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.feed_data(head)
            return memoryview(data)[upgrade.args[0] :]
        return b""

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % field for field in self.headers if field[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def _should_upgrade(self) -> bool:
        """True, so that uvicorn starts no answer to a head that will be parsed again."""
        return True

    def on_headers_complete(self) -> None:
        """Start the answer, unless the head will be parsed again."""
        super().on_headers_complete()
        if not self.url.startswith(b"/"):
            self.scope["raw_path"] = self.url.partition(b"?")[0]  # a whole URL, of which uvicorn keeps the path alone
        self.pending_bytes = 0
        if not self.parser.should_upgrade():
            self.headers = []  # takes the trailer fields, which would otherwise go to the list the application reads

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        super().on_body(body)
        self.pending_bytes = 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's type is private
        """Start the application, for a client older than HTTP/1.1 behind the rules for it."""
        if cycle.scope["http_version"] != "1.1":
            app = CloseDelimited(app, cycle)
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Read no more, and close the connection after the answers to the complete requests before this one.

        If there are none, the answer is a problem document.
        """
        self.refused = True
        self.count_refusal(PROBLEMS[status].name)
        self.logger.info("Refused a request with %d: %s", status, detail)
        cycle = self._unanswered()
        if cycle is not None and not cycle.more_body:
            cycle.keep_alive = False
            return
        if cycle is None or not (cycle.response_started or self.pipeline):
            self.transport.write(self._format_problem(status, detail))
        self.transport.close()

    def _unanswered(self) -> RequestResponseCycle | None:
        """The last request, unless its answer is complete."""
        cycle: RequestResponseCycle | None = getattr(self, "cycle", None)  # None at first, though declared without
        return None if cycle is None or cycle.response_complete else cycle

    def _format_problem(self, status: HTTPStatus, detail: str) -> bytes:
        """A whole response with a problem document; no application made it, so it has no other header fields."""
        kind = PROBLEMS[status]
        problem = Problem(
            type=f"{self.public_path}/problems/{kind.name}",
            title=kind.title,
            status=status,
            detail=detail,
            instance=self.url.partition(b"?")[0][:MAX_INSTANCE_BYTES].decode("latin-1"),
        )
        body = problem.model_dump_json(exclude_none=True).encode()
        fields = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        return STATUS_LINE[status] + b"".join(b"%s: %s\r\n" % field for field in fields) + b"\r\n" + body


class CloseDelimited:
    """An application for clients that know no chunks: a body of unknown length ends with the connection."""

    def __init__(self, app: ASGIApp, cycle: RequestResponseCycle) -> None:
        """Run `app` for the one request of `cycle`."""
        self.app = app
        self.cycle = cycle
        self.unsized = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        self.cycle.waiting_for_100_continue = False  # HTTP/1.0 has no interim answers (RFC 9110, section 10.1.1)

        async def send_unframed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.unsized = all(name.lower() != b"content-length" for name, _ in message["headers"])
                if self.unsized:
                    self.cycle.chunked_encoding = self.cycle.keep_alive = False
            elif self.unsized:
                self.cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, send_unframed)
