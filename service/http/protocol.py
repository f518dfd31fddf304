"""HTTP/1 on one connection: the rules of RFC 9110 and RFC 9112 that uvicorn's protocol leaves out.

Knows no application. Some of the methods that it overrides are internal to uvicorn (0.54); tests with real connections
fail if a release renames one.
"""

import asyncio
from typing import Any

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from service.http.bounded_protocol import BoundedProtocol

MAPPED = "::ffff:"
"""How the address of an IPv4 client begins on a socket that also takes IPv6 (RFC 4291, section 2.5.5.2)."""


class HttpProtocol(BoundedProtocol):
    """One connection to a client.

    - A request that asks for an upgrade (`Upgrade: h2c`) is answered as if it did not (RFC 9110, section 7.8).
    - A request of HTTP/1.0 is answered without chunks (RFC 9112, section 6.1).
    - Trailer fields are dropped, and not added to the header fields (RFC 9110, section 6.5.1).
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn declares it
        """Give an IPv4 client its usual address."""
        super().connection_made(transport)
        if self.client and self.client[0].startswith(MAPPED):
            self.client = self.client[0].removeprefix(MAPPED), self.client[1]

    def _parse(self, data: bytes) -> None:
        """Parse everything, also after a head that asks for an upgrade.

        A parser takes what follows such a head for another protocol, so a new one parses the head without `Upgrade`.
        """
        rest: bytes | memoryview = data
        while rest:
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:
                if self.parser.get_method() == b"CONNECT":
                    raise httptools.HttpParserError("The service is not a proxy.") from None
                head = self._head_without_upgrade()
                self.parser = httptools.HttpRequestParser(self)
                self.parser.feed_data(head)
                rest = memoryview(rest)[upgrade.args[0] :]
            else:
                return

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
        if not self.parser.should_upgrade():
            self.headers = []  # takes the trailer fields, which would otherwise go to the list the application reads

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's type is private
        """Start the application, for a client older than HTTP/1.1 behind the rules for it."""
        if cycle.scope["http_version"] != "1.1":
            app = CloseDelimited(app, cycle)
        super()._start_asgi_task(cycle, app)


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
