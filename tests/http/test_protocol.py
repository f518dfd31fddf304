import gc
import itertools
import json
import socket
import struct
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.protocol import HttpProtocol
from service.settings import Settings
from tests import sites
from tests.http import echo, wire

LAST = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
"""A request after which the server closes the connection."""

MOST_SENT = 32_000_000
"""Bytes that a client may send to a server that has refused them: buffers of sockets take several megabytes."""

SIZED = b"Content-Length: 5\r\n\r\nhello"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"

UPGRADES = {
    "java": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n",
    "websocket": b"connection: keep-alive, upgrade\r\nupgrade: websocket\r\n",
    "twice": b"Connection: upgrade\r\nUpgrade: h2c\r\nUpgrade: h2c, other/1\r\n",
}


def requests(received: bytes) -> list[tuple[str, str, str]]:
    """What the application was asked, of each answer."""
    told: list[dict[str, Any]] = [answer.json for answer in wire.split(received)]
    return [(one["method"], one["path"], one["body"]) for one in told]


def assert_problem(answer: sites.Answer, status: int, kind: str) -> None:
    assert answer.status == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Connection"] == "close"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Date"]
    assert answer.json.keys() == {"type", "title", "status", "detail", "instance"}
    assert answer.json["type"] == f"/problems/{kind}"
    assert answer.json["status"] == status


# --- upgrades ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
@pytest.mark.parametrize("body", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_a_request_for_an_upgrade_keeps_its_body_and_the_requests_after_it(
    server: sites.Site, upgrade: bytes, body: bytes
) -> None:
    post = b"POST /a HTTP/1.1\r\nHost: h\r\n" + upgrade + body
    received = wire.exchange(server, post + b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n" + post + LAST)
    assert requests(received) == [
        ("POST", "/a", "hello"),
        ("GET", "/b", ""),
        ("POST", "/a", "hello"),
        ("GET", "/last", ""),
    ]


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1\r\nHost: h\r\nConnection: close, upgrade\r\n", b"HTTP/1.0\r\nConnection: upgrade\r\n"]
)
def test_an_upgrade_of_a_connection_that_is_to_close_keeps_the_body(server: sites.Site, head: bytes) -> None:
    assert requests(wire.exchange(server, b"PUT /a " + head + b"Upgrade: h2c\r\n" + SIZED)) == [("PUT", "/a", "hello")]


def test_all_fields_but_upgrade_reach_the_application(server: sites.Site) -> None:
    head = b"GET /a?b HTTP/1.1\r\nHost: h\r\nX-A: \r\nConnection: close, upgrade\r\nUpgrade: h2c\r\nx-b:  c d \r\n\r\n"
    (answer,) = wire.split(wire.exchange(server, head))
    assert answer.json["fields"] == ["host", "x-a", "connection", "x-b"]
    assert answer.json["query"] == "b"


@given(st.lists(st.integers(0, 600), max_size=6))
def test_answers_do_not_depend_on_how_the_bytes_are_cut(server: sites.Site, cuts: list[int]) -> None:
    posts = [b"POST /a HTTP/1.1\r\nHost: h\r\n" + UPGRADES["java"] + body for body in (SIZED, CHUNKED)]
    data = b"".join([*posts, LAST])
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    received = wire.exchange(server, *(data[first:last] for first, last in itertools.pairwise(edges)))
    assert requests(received) == [("POST", "/a", "hello"), ("POST", "/a", "hello"), ("GET", "/last", "")]


def test_every_byte_may_come_alone(server: sites.Site) -> None:
    data = b"POST /a HTTP/1.1\r\nHost: h\r\n" + UPGRADES["java"] + CHUNKED + LAST
    received = wire.exchange(server, *(data[place : place + 1] for place in range(len(data))))
    assert requests(received) == [("POST", "/a", "hello"), ("GET", "/last", "")]


def test_a_thousand_upgrades_at_once_are_a_thousand_requests(server: sites.Site) -> None:
    one = b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert len(wire.split(wire.exchange(server, one * 1_000 + LAST))) == 1_001


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b'{"indices": [3, 1, 3]}'),
        ("application/octet-stream", b"".join(number.to_bytes(8, "little") for number in (3, 1, 3))),
    ],
)
def test_take_reads_the_indices_of_a_client_that_offers_http2(site: sites.Site, media: str, body: bytes) -> None:
    target = "/v1/datasets/made/all/take?format=json"
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAAB"}
    with_offer = site.send("POST", target, {"Content-Type": media, **offer}, body=body)
    assert with_offer.status == 200
    assert [row["index"] for row in with_offer.json["rows"]] == [3, 1, 3]


# --- HTTP/1.0 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [b"", b"Connection: keep-alive\r\n", b"Host: h\r\nExpect: 100-continue\r\n"])
def test_a_body_of_unknown_length_has_no_chunks_in_http_1_0(server: sites.Site, more: bytes) -> None:
    (answer,) = wire.split(wire.exchange(server, b"GET /parts HTTP/1.0\r\n" + more + b"\r\n"))
    assert answer.headers.get("Transfer-Encoding") is None
    assert answer.headers.get("Content-Length") is None
    assert answer["Connection"] == "close"
    assert answer.body == b"".join(echo.PARTS)


def test_head_of_a_body_of_unknown_length_has_no_body_in_http_1_0(server: sites.Site) -> None:
    (answer,) = wire.split(wire.exchange(server, b"HEAD /parts HTTP/1.0\r\n\r\n"))
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers.get("Transfer-Encoding") is None


def test_a_length_is_told_in_http_1_0(server: sites.Site) -> None:
    (answer,) = wire.split(wire.exchange(server, b"GET /a HTTP/1.0\r\n\r\n"))
    assert answer["Content-Length"] == str(len(answer.body))
    assert answer.json["path"] == "/a"


def test_a_body_of_unknown_length_still_has_chunks_in_http_1_1(server: sites.Site) -> None:
    (answer,) = wire.split(wire.exchange(server, b"GET /parts HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
    assert answer["Transfer-Encoding"] == "chunked"
    assert answer.body == b"6\r\nfirst\n\r\n7\r\nsecond\n\r\n0\r\n\r\n"


def test_a_stream_of_batches_is_the_same_in_http_1_0_and_1_1(site: sites.Site) -> None:
    target = "/v1/datasets/made/all/batches?batch_size=4&steps=2&format=ndjson"
    (answer,) = wire.split(wire.exchange(site, f"GET {target} HTTP/1.0\r\n\r\n".encode()))
    assert answer.body == site.get(target).body
    assert [json.loads(line) for line in answer.body.splitlines()]


# --- targets and trailers ---------------------------------------------------------------------------------------------


def test_a_target_may_be_a_whole_url(server: sites.Site) -> None:
    head = b"GET http://yann.example/exdb/mnist/a.gz?b=1 HTTP/1.1\r\nHost: yann.example\r\nConnection: close\r\n\r\n"
    (answer,) = wire.split(wire.exchange(server, head))
    assert (answer.json["path"], answer.json["query"]) == ("/exdb/mnist/a.gz", "b=1")


def test_trailer_fields_are_dropped(server: sites.Site) -> None:
    trailers = b"0\r\nHost: other\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    head = b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    first, last = wire.split(wire.exchange(server, head + b"2\r\nhi\r\n", trailers + LAST))
    assert first.json["fields"] == ["host", "transfer-encoding"]
    assert first.json["body"] == "hi"
    assert last.json["path"] == "/last"


# --- what is not HTTP -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
        b"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_refused_with_a_problem(server: sites.Site, data: bytes) -> None:
    (answer,) = wire.split(wire.exchange(server, data))
    assert_problem(answer, 400, "bad-request")


def test_requests_before_what_is_not_http_are_answered_first(server: sites.Site) -> None:
    two = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\n" + SIZED
    assert requests(wire.exchange(server, two + b"nonsense\r\n\r\n")) == [("GET", "/a", ""), ("POST", "/b", "hello")]


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET /a HTTP/1.1\r\nHost: h\r\nX: ",
        b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\nX: ",
        b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: ",
        b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;",
    ],
    ids=["target", "field", "field with upgrade", "trailer", "chunk extension"],
)
def test_a_head_without_an_end_is_refused(server: sites.Site, start: bytes) -> None:
    with wire.connect(server) as connection:
        connection.sendall(start)
        sent = 0
        try:
            while sent < MOST_SENT:
                sent += connection.send(b"x" * 8_192)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert sent < MOST_SENT, "The server went on reading."


def test_a_head_without_an_end_is_told_so(server: sites.Site) -> None:
    # Just over the limit: the server reads all of it, so that its answer is not lost in a reset.
    (answer,) = wire.split(wire.exchange(server, b"GET /a HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 65_536))
    assert_problem(answer, 431, "headers-too-large")


def test_a_refusal_repeats_only_the_start_of_a_long_path(server: sites.Site) -> None:
    (answer,) = wire.split(wire.exchange(server, b"GET /" + b"x" * 65_536))
    assert_problem(answer, 431, "headers-too-large")
    assert len(answer.body) < 2_000


def test_what_follows_a_refused_request_is_not_read(server: sites.Site) -> None:
    assert len(wire.split(wire.exchange(server, b"nonsense\r\n\r\n", LAST, LAST))) == 1


def test_a_problem_links_below_the_root_path() -> None:
    with sites.serving(echo.app, Settings(root_path="/digits")) as server:
        (answer,) = wire.split(wire.exchange(server, b"nonsense\r\n\r\n"))
        assert answer.json["type"] == "/digits/problems/bad-request"


# --- idle connections -------------------------------------------------------------------------------------------------


def test_idle_connections_are_closed_after_the_time_that_is_set() -> None:
    with (
        sites.serving(echo.app, Settings(keep_alive_seconds=1)) as server,
        wire.connect(server) as silent,
        wire.connect(server) as used,
    ):
        used.sendall(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
        assert wire.receive(silent) == b""
        (answer,) = wire.split(wire.receive(used))
        assert answer.json["path"] == "/a"
        assert answer.headers.get("Connection") is None


def test_connections_that_are_reset_are_forgotten_at_once() -> None:
    with sites.serving(echo.app) as server:
        for _ in range(50):
            with wire.connect(server) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        deadline = time.monotonic() + 10
        while (alive := count_protocols()) > 10 and time.monotonic() < deadline:
            server.get("/a")  # gives the server time to see the resets
        assert alive <= 10


def count_protocols() -> int:
    gc.collect()
    return sum(isinstance(one, HttpProtocol) for one in gc.get_objects())
