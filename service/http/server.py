"""How an application is served: uvicorn's configuration, the sockets it listens on, and how it stops.

Knows no application but for its `lifecycle`, its `admission` and its `metrics`, if it has them.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.server import HANDLED_SIGNALS

from service.http.admission import Admission
from service.http.bounded_protocol import URGENT, BoundedProtocol, Frame
from service.http.connections import ConnectionBounds, Watch, bound_by_descriptors
from service.http.lifecycle import Lifecycle
from service.http.protocol import HttpProtocol
from service.http.refusals import Refusals, count_nowhere
from service.settings import Settings

UNFINISHED_SECONDS = 1.0
"""Seconds for which a server that stops waits for the rest of a request."""

STEP_SECONDS = 0.02
"""Seconds between two looks at what is still under way."""

LAST_SECONDS = 1.0
"""Seconds that answers which were cut, and the application, may take to end."""

log = logging.getLogger("uvicorn.error")  # where uvicorn reports what its servers do


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration, and what its connections have in common."""

    frame: Frame
    drain_seconds: float
    stop_seconds: float

    def get_loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop]:
        """The event loop of uvloop, with a bound for TLS handshakes: until its end, nobody else knows a connection."""
        seconds = self.frame.bounds.head_seconds

        class Loop(uvloop.Loop):
            async def create_server(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - those of uvloop
                """Listen; a TLS handshake may take as long as a head."""
                if options.get("ssl") is not None:
                    options["ssl_handshake_timeout"] = seconds
                return await super().create_server(*arguments, **options)

        return Loop


def server_config(app: ASGIApp, settings: Settings) -> ServerConfig:
    """The configuration with which `app` is served, by the command line and in tests.

    It sets up no logging: the messages of `uvicorn.error` go to the root logger.
    """
    common = build_frame(app, settings)

    class Protocol(HttpProtocol):
        frame = common

    log.addFilter(shorten_failure)
    log.addFilter(drop_cut_answers)

    config = ServerConfig(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        log_level=settings.log_level,
        access_log=False,  # `RequestMetricsMiddleware` writes a line for each request
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        ssl_certfile=settings.tls_certificate or None,
        ssl_keyfile=settings.tls_key or None,
        ssl_keyfile_password=settings.tls_key_password.get_secret_value() or None,
        ssl_ca_certs=settings.tls_client_ca or None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if settings.tls_client_ca else ssl.CERT_NONE,
    )
    config.frame, config.drain_seconds, config.stop_seconds = common, settings.drain_seconds, settings.stop_seconds
    return config


def build_frame(app: ASGIApp, settings: Settings) -> Frame:
    """What the connections of a server have in common; `lifecycle` and `admission` are those of the application."""
    bounds = ConnectionBounds(
        most=settings.connections,
        idle_seconds=settings.keep_alive_seconds,
        head_seconds=settings.head_seconds,
        body_seconds=settings.body_seconds,
        write_seconds=settings.write_seconds,
    )
    return Frame(
        bounds=bounds,
        head_bytes=max(65_536, settings.header_bytes + settings.target_bytes),
        head_fields=settings.header_fields,
        urgent=frozenset([*URGENT, *(settings.root_path + path for path in URGENT)]),
        refusals=Refusals(
            root_path=settings.root_path,
            origins=settings.cors_origins,
            count=getattr(getattr(app, "metrics", None), "count_refusal", count_nowhere),
        ),
        admission=getattr(app, "admission", None) or Admission(),
        lifecycle=getattr(app, "lifecycle", None) or Lifecycle(),
        watch=Watch(bounds),
    )


def shorten_failure(record: logging.LogRecord) -> bool:
    """Reduce the traceback of a failed start to its last line, which is the sentence for an operator."""
    message = record.getMessage().strip()
    if message.startswith("Traceback"):
        record.msg, record.args = message.rpartition("\n")[2], ()
    return True


def drop_cut_answers(record: logging.LogRecord) -> bool:
    """Whether a message is about anything but an answer that a server which stops has cut; that has its own message."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


class Server(uvicorn.Server):
    """A server that bounds its connections, stops gracefully, and listens on IPv4, too, if its host is `::`.

    A first signal makes the service say that it is not ready. After `drain_seconds` (at once if it was SIGINT, the key
    combination of a terminal) the server takes no more connections, refuses long work that has not begun, and finishes
    the answers under way within `stop_seconds`. A second signal ends the process.
    """

    config: ServerConfig

    def __init__(self, config: ServerConfig) -> None:
        """Serve as `config` says."""
        super().__init__(config)
        self._stop_at: float | None = None
        self._looking: asyncio.Task[None] | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until stopped. Threads that do not end in time do not hold the process, if it was told to end."""
        super().run(sockets)
        if self._captured_signals and not join_threads(LAST_SECONDS):
            log.warning("some work in threads did not end in time")
            logging.shutdown()
            os._exit(0)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen.

        Raises:
            SystemExit: the application does not start, or the address cannot be listened on.
        """
        self._bound_connections()
        if sockets is not None or self.config.host != "::":
            await super().startup(sockets)
            return
        try:
            listener = socket.create_server(("::", self.config.port), family=socket.AF_INET6, dualstack_ipv6=True)
        except (OSError, ValueError) as error:  # ValueError: the machine has no sockets for both families
            log.error(error)  # noqa: TRY400 - the message alone tells an operator what to do
            sys.exit(STARTUP_FAILURE)
        await super().startup([listener])
        self._log_started_message([listener])

    def _bound_connections(self) -> None:
        watch = self.config.frame.watch
        watch.most = bound_by_descriptors(watch.bounds.most)
        if watch.most < watch.bounds.most:
            log.warning(
                "At most %d connections instead of %d, because the process may have few file descriptors (ulimit -n).",
                watch.most,
                watch.bounds.most,
            )
        connections: set[BoundedProtocol] = self.server_state.connections  # type: ignore[assignment] # ours are of one kind
        self._looking = asyncio.create_task(watch.run(connections))

    # --- stop ---------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals meanwhile. uvicorn would send itself the signal again afterwards, and not end with 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as handlers are called
        """Begin to stop, or end at once if that has begun."""
        if self._captured_signals:
            os._exit(128 + sig)
        self._captured_signals.append(sig)
        self.config.frame.lifecycle.drain()
        seconds = 0 if sig == signal.SIGINT else self.config.drain_seconds
        self._stop_at = time.monotonic() + seconds
        if not seconds or not self.started:
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop; called every tenth of a second."""
        if self._stop_at is not None and time.monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the answers under way, and end the application."""
        began = time.monotonic()
        log.info("Shutting down")
        for listener in [*self.servers, *(sockets or ())]:
            listener.close()
        self.config.frame.lifecycle.stop()
        for connection in self._connections():
            connection.shutdown()
        await self._wait_for_answers(began + min(UNFINISHED_SECONDS, self.config.stop_seconds))
        for connection in self._connections():
            connection.refuse_unfinished()
        await self._wait_for_answers(began + self.config.stop_seconds)
        await self._cut_answers()
        await self._end_application()

    def _connections(self) -> list[BoundedProtocol]:
        return list(self.server_state.connections)  # type: ignore[arg-type] # the protocols of all configurations

    async def _wait_for_answers(self, until: float, *, lingering: bool = False) -> None:
        """Wait until no answer is under way; with `lingering`, also until refused clients have closed."""
        while time.monotonic() < until and self._is_busy(lingering=lingering):  # noqa: ASYNC110 - nothing tells of all
            await asyncio.sleep(STEP_SECONDS)

    def _is_busy(self, *, lingering: bool) -> bool:
        if self.server_state.tasks:
            return True
        return any(lingering or not connection.lingering for connection in self._connections())

    async def _cut_answers(self) -> None:
        """Refuse or abort what is not finished."""
        tasks = set(self.server_state.tasks)
        if tasks:
            log.warning("%d answers were not finished within %g seconds", len(tasks), self.config.stop_seconds)
        for connection in self._connections():
            connection.cut()
        for task in tasks:
            task.cancel()
        await self._wait_for_answers(time.monotonic() + LAST_SECONDS, lingering=True)
        for connection in self._connections():
            connection.transport.abort()

    async def _end_application(self) -> None:
        assert self._looking is not None  # noqa: S101 - started with the server
        self._looking.cancel()
        try:
            await asyncio.wait_for(self.lifespan.shutdown(), LAST_SECONDS)
        except TimeoutError:
            log.warning("the application did not end in time")


def join_threads(seconds: float) -> bool:
    """Wait for the threads that hold the end of the process; False if one of them takes longer than `seconds`."""
    until = time.monotonic() + seconds
    held = [one for one in threading.enumerate() if one is not threading.current_thread() and not one.daemon]
    for thread in held:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in held)
