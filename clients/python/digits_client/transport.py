"""The pool of connections: urllib3's, with the proxies of the environment and with sockets that can be cancelled."""

from collections.abc import Callable
from socket import socket
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import BaseHTTPResponse
from urllib3.response import HTTPResponse as UrllibResponse
from urllib3.util import make_headers

from digits_client.cancellation import watch_socket
from digits_client.head import DirectResponse


class DirectConnection(HTTPConnection):
    """A connection whose socket a Cancellation can shut down, and whose answers can be read without copies."""

    received: DirectResponse
    """The answer that came last."""

    def response_class(self, sock: socket, *arguments: Any, **options: Any) -> DirectResponse:  # type: ignore[override]  # noqa: ANN401 - those of http.client
        """Return what http.client reads an answer with."""
        self.received = DirectResponse(sock, *arguments, **options)
        return self.received

    def getresponse(self) -> UrllibResponse:  # type: ignore[override]
        """Wait for the head of the answer."""
        watch_socket(self.sock)
        return super().getresponse()


class DirectTLSConnection(DirectConnection, HTTPSConnection):
    """The same over TLS."""


class DirectPool(HTTPConnectionPool):
    """A pool of such connections."""

    ConnectionCls = DirectConnection


class DirectTLSPool(HTTPSConnectionPool):
    """A pool of such connections over TLS."""

    ConnectionCls = DirectTLSConnection


def find_direct(response: BaseHTTPResponse) -> Callable[[memoryview], int] | None:
    """Return what reads the body of an answer straight from its connection; None if the body is encoded."""
    connection = response.connection
    if not isinstance(connection, DirectConnection) or "Content-Encoding" in response.headers:
        return None
    return connection.received.read_arrived


def create_pool(url: str, *, connections: int) -> urllib3.PoolManager:
    """Return a pool for requests to `url`.

    It uses the proxy that `http_proxy`, `https_proxy` or `all_proxy` name, unless `no_proxy` excludes the host.
    """
    proxy = find_proxy(url)
    if proxy is None:
        manager = urllib3.PoolManager(maxsize=connections)
    else:
        manager = urllib3.ProxyManager(proxy, maxsize=connections, proxy_headers=_proxy_headers(proxy))
    manager.pool_classes_by_scheme = {"http": DirectPool, "https": DirectTLSPool}
    return manager


def find_proxy(url: str) -> str | None:
    """Return the proxy of the environment for this URL; None if there is none."""
    address = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(address.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _proxy_headers(proxy: str) -> dict[str, str] | None:
    """Return the credentials that the proxy's URL contains, as headers."""
    address = urlsplit(proxy)
    if address.username is None:
        return None
    credentials = f"{unquote(address.username)}:{unquote(address.password or '')}"
    return dict(make_headers(proxy_basic_auth=credentials))
