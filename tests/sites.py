"""A Site: a real server on a free port, and what it really sends, undecoded and unfollowed."""

import json
import sys
import threading
from asyncio import Transport
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from service.http.server import Server, server_config
from service.settings import Settings
from tests.processes import SERVE, run_server


@dataclass(frozen=True)
class Answer:
    """What a server sent."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - what a test expects of it, the test says
        """The body as JSON."""
        return json.loads(self.body)

    def __getitem__(self, header: str) -> str:
        """Return the value of a header that must be there, its lines joined."""
        lines = self.headers.get_all(header)
        assert lines is not None, f"{header} is missing in {self.headers.items()}"
        return ", ".join(lines)


@dataclass(frozen=True)
class Site:
    """A server by its base URL, without a slash at the end."""

    url: str

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
    ) -> Answer:
        """Send a request exactly as it stands here, and nothing besides `Host`."""
        place = urlsplit(self.url)
        with closing(HTTPConnection(str(place.hostname), place.port, timeout=60)) as connection:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a GET."""
        return self.send("GET", target, headers)

    def head(self, target: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a HEAD."""
        return self.send("HEAD", target, headers)


class _Server(Server):
    """A server that says when it takes requests."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Serve as `python -m service serve` does.

        pytest adds its handlers to every logger that does not propagate, `uvicorn.access` among them. uvicorn takes a
        handler for the wish to log requests, and then answers otherwise than in production.
        """
        config = server_config(app, settings)
        configured: Any = config.http

        class Protocol(configured):  # type: ignore[misc] # a class that is known when it runs
            def connection_made(self, transport: Transport) -> None:
                self.access_log = False
                super().connection_made(transport)

        config.http = Protocol
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Tell when the start is over, well or not."""
        try:
            await super().startup(sockets)
        finally:
            self.settled.set()


@contextmanager
def serving(app: ASGIApp, settings: Settings | None = None) -> Iterator[Site]:
    """The application on a real socket and any free port, in a thread of this process."""
    settings = (settings or Settings()).model_copy(update={"port": 0})
    server = _Server(app, settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.settled.wait(30), "The server did not start within 30 seconds."
        assert server.started, "The application refused to start."
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield Site(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    finally:
        server.should_exit = True
        thread.join(30)


@contextmanager
def process(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Site]:
    """`python -m service serve` on a free port, as a process of its own."""
    command = [sys.executable, *SERVE, *arguments]
    with run_server(command, environment=environment) as running:
        yield Site(running.url)
