import pytest

from service.http.host import find_host_fault
from tests import sites
from tests.http import wire


def fault(*hosts: bytes, version: str = "1.1") -> str | None:
    """What is found of a request with these `Host` header fields."""
    return find_host_fault(list(hosts), version)


@pytest.mark.parametrize(
    "host",
    [
        b"a.example",
        b"a.example:8000",
        b"A_b.example.:",
        b"127.0.0.1:80",
        b"[::1]:8000",
        b"[fe80::1%25eth0]",
        b"xn--bcher-kva.example",
        b"%41.example",
        b" padded \t",
    ],
)
def test_a_valid_host_is_taken(host: bytes) -> None:
    assert fault(host) is None
    assert fault(host, version="1.0") is None


@pytest.mark.parametrize(
    "host", [b"", b" ", b"a b", b"a/b", b"u@a", b"a:b", b"a:1:2", b"[::1", b"::1", b"http://a", b"a%4", b"\xe9", b":80"]
)
def test_an_invalid_host_is_refused(host: bytes) -> None:
    assert fault(host) is not None
    assert fault(host, version="1.0") is not None


def test_one_host_is_needed_in_http_1_1_and_two_are_refused_in_every_version() -> None:
    assert fault() is not None
    assert fault(version="1.0") is None
    for version in ("1.0", "1.1"):
        assert fault(b"a", b"a", version=version) is not None


@pytest.mark.parametrize(
    "host", [b"a" * 30_000 + b"/", b"%41" * 10_000 + b"%", b"[" + b":" * 30_000, b"a:" + b"1" * 30_000 + b"a"]
)
@pytest.mark.timeout(5)
def test_the_worst_hosts_take_linear_time(host: bytes) -> None:
    for _ in range(100):
        assert fault(host) is not None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"", 400),
        (b"Host: a\r\nHost: a\r\n", 400),
        (b"Host: a/b\r\n", 400),
        (b"Host:\r\n", 400),
        (b"Host: a\r\n", 200),
    ],
)
def test_the_service_answers_a_wrong_host_with_a_problem(site: sites.Site, fields: bytes, status: int) -> None:
    head = b"GET /livez HTTP/1.1\r\n" + fields + b"Connection: close\r\n\r\n"
    (answer,) = wire.split(wire.exchange(site, head))
    assert answer.status == status
    if status == 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json["type"] == "/problems/bad-request"
        assert "Host" in answer.json["detail"]
        assert site.get(answer.json["type"]).status == 200


def test_http_1_0_needs_no_host(site: sites.Site) -> None:
    (answer,) = wire.split(wire.exchange(site, b"GET /livez HTTP/1.0\r\n\r\n"))
    assert answer.status == 200
