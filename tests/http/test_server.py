import socket
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from service.settings import Settings
from tests import sites
from tests.http import echo

FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("settings", "client", "scheme"),
    [
        (Settings(), "127.0.0.1", "http"),
        (Settings(access_log=True), "127.0.0.1", "http"),
        (Settings(trusted_proxies=("192.0.2.1",)), "127.0.0.1", "http"),
        (Settings(trusted_proxies=("127.0.0.1",)), "203.0.113.9", "https"),
        (Settings(trusted_proxies=("192.0.2.1", "127.0.0.0/8")), "203.0.113.9", "https"),
    ],
)
def test_only_trusted_proxies_are_believed(settings: Settings, client: str, scheme: str) -> None:
    with sites.serving(echo.app, settings) as server:
        told = server.get("/a", FORWARDED).json
    assert (told["client"], told["scheme"]) == (client, scheme)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_a_server_on_every_address_takes_both_families_and_trusts_ipv4_networks() -> None:
    settings = Settings(host="::", trusted_proxies=("127.0.0.0/8",))
    with sites.serving(echo.app, settings) as server:
        port = urlsplit(server.url).port
        ipv4, ipv6 = (sites.Site(f"http://{host}:{port}") for host in ("127.0.0.1", "[::1]"))
        assert ipv4.get("/a").json["client"] == "127.0.0.1"
        assert ipv4.get("/a", FORWARDED).json["client"] == "203.0.113.9"
        assert ipv6.get("/a", FORWARDED).json["client"] == "::1"


def test_a_connection_serves_many_requests(server: sites.Site) -> None:
    place = urlsplit(server.url)
    with closing(HTTPConnection(str(place.hostname), place.port, timeout=30)) as connection:
        for number in range(3):
            connection.request("POST", f"/{number}", body=b"x" * number)
            answer = connection.getresponse()
            assert answer.headers.get("Server") is None
            assert f'"path": "/{number}"'.encode() in answer.read()
