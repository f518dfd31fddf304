"""How an application is served: uvicorn's configuration, and the sockets it listens on.

Knows no application, but counts in its `metrics`, if it has any.
"""

import logging
import socket
import ssl
import sys

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

from service.http.protocol import HttpProtocol
from service.settings import Settings

GRACE_SECONDS = 5
"""Seconds that answers under way may still take when the server is to stop."""

log = logging.getLogger("uvicorn.error")  # where uvicorn reports what its servers do


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """The configuration with which `app` is served, by the command line and in tests.

    It sets up no logging: the messages of `uvicorn.error` go to the root logger.
    """

    class Protocol(HttpProtocol):
        public_path = settings.root_path
        count_refusal = staticmethod(getattr(app, "metrics", HttpProtocol).count_refusal)

    log.addFilter(shorten_failure)

    return uvicorn.Config(
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
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=settings.tls_certificate or None,
        ssl_keyfile=settings.tls_key or None,
        ssl_keyfile_password=settings.tls_key_password.get_secret_value() or None,
        ssl_ca_certs=settings.tls_client_ca or None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if settings.tls_client_ca else ssl.CERT_NONE,
    )


def shorten_failure(record: logging.LogRecord) -> bool:
    """Reduce the traceback of a failed start to its last line, which is the sentence for an operator."""
    message = record.getMessage().strip()
    if message.startswith("Traceback"):
        record.msg, record.args = message.rpartition("\n")[2], ()
    return True


class Server(uvicorn.Server):
    """A server that listens on IPv4, too, if its host is `::`; uvicorn alone would listen on IPv6."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen.

        Raises:
            SystemExit: the application does not start, or the address cannot be listened on.
        """
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
