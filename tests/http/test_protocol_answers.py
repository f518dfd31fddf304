"""How an answer is written: how its body is framed, and when a connection ends."""

from collections.abc import Iterator, Sequence

import pytest
from starlette.types import Receive, Scope, Send

from service.settings import Settings
from tests import sites
from tests.http import echo, wire

Fields = list[tuple[bytes, bytes]]


class Told:
    """An application that answers what a test tells it."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: Fields = []
        self.pieces: Sequence[bytes] = (b"",)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await echo.live(receive, send)
            return
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for piece in self.pieces[:-1]:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": self.pieces[-1]})

    def answer(self, status: int, headers: Fields, *pieces: bytes) -> None:
        self.status, self.headers, self.pieces = status, headers, pieces or (b"",)


@pytest.fixture(scope="module")
def told() -> Told:
    """What the server below answers."""
    return Told()


@pytest.fixture(scope="module")
def server(told: Told) -> Iterator[sites.Site]:
    """A server of the application above."""
    with sites.serving(told) as running:
        yield running


GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def sized(body: bytes) -> Fields:
    return [(b"content-length", b"%d" % len(body))]


def test_a_length_that_is_told_frames_the_body(server: sites.Site, told: Told) -> None:
    told.answer(200, sized(b"hello"), b"he", b"", b"llo")
    answers = wire.split(wire.exchange(server, GET + GET + LAST))
    assert [answer.body for answer in answers] == [b"hello"] * 3
    for answer in answers:
        assert "Transfer-Encoding" not in answer.headers
    assert [answer.headers.get("Connection") for answer in answers] == [None, None, "close"]


def test_a_body_without_a_length_comes_in_chunks(server: sites.Site, told: Told) -> None:
    told.answer(200, [(b"x-a", b"1")], b"he", b"llo")
    (answer,) = wire.split(wire.exchange(server, LAST))
    assert (answer["Transfer-Encoding"], answer["X-A"]) == ("chunked", "1")
    assert answer.body == b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"


@pytest.mark.parametrize("headers", [[(b"content-length", b"5")], []], ids=["sized", "unsized"])
def test_head_has_the_head_of_get_and_no_body(server: sites.Site, told: Told, headers: Fields) -> None:
    told.answer(200, headers, b"hello")
    received = wire.exchange(server, HEAD, HEAD, LAST.replace(b"GET", b"HEAD"))
    heads = received.split(b"\r\n\r\n")
    assert heads.pop() == b""
    assert len(heads) == 3
    for head in heads:
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert (b"content-length: 5" in head) == bool(headers)
        assert b"transfer-encoding" not in head


@pytest.mark.parametrize("status", [204, 304])
def test_what_has_no_body_has_no_framing(server: sites.Site, told: Told, status: int) -> None:
    told.answer(status, [(b"etag", b'"x"')])
    received = wire.exchange(server, GET, LAST)
    heads = received.split(b"\r\n\r\n")
    assert heads.pop() == b""
    assert len(heads) == 2
    for head in heads:
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b'etag: "x"' in head
        assert b"transfer-encoding" not in head
        assert b"content-length" not in head


def test_an_application_closes_a_connection_by_its_field(server: sites.Site, told: Told) -> None:
    told.answer(200, [*sized(b"x"), (b"connection", b"close")], b"x")
    (answer,) = wire.split(wire.exchange(server, GET + GET))
    assert answer.headers.get_all("Connection") == ["close"]
    assert answer.body == b"x"


def test_a_head_that_cannot_be_written_is_sent_to_nobody(
    server: sites.Site, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.answer(200, [*sized(b"x"), (b"link", b"a\r\nset-cookie: b")], b"x")
    assert wire.exchange(server, GET) == b""
    assert "Invalid HTTP header value" in caplog.text
    told.answer(200, sized(b"x"), b"x")
    assert server.get("/").body == b"x"


@pytest.mark.parametrize("pieces", [(b"12345", b"6"), (b"1234",)], ids=["longer", "shorter"])
def test_a_body_of_another_length_than_was_told_ends_the_connection(
    server: sites.Site, told: Told, pieces: tuple[bytes, ...], caplog: pytest.LogCaptureFixture
) -> None:
    told.answer(200, sized(b"12345"), *pieces)
    (answer,) = wire.split(wire.exchange(server, GET))
    assert answer.status == 200
    assert answer.body in (b"12345", b"1234")
    assert "than Content-Length" in caplog.text


# --- connections whose body was not read ------------------------------------------------------------------------------


def test_a_connection_is_closed_when_a_body_that_nobody_reads_stays_away(told: Told) -> None:
    told.answer(404, sized(b"x"), b"x")
    with (
        sites.serving(told, Settings(keep_alive_seconds=1)) as site,
        wire.connect(site) as whole,
        wire.connect(site) as half,
    ):
        for connection in (whole, half):
            connection.settimeout(2.5)
            connection.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
        for connection, rest in ((whole, b"hello"), (half, b"h")):
            assert connection.recv(65_536).startswith(b"HTTP/1.1 404")
            connection.sendall(rest)
        assert wire.receive(whole) == b""
        assert wire.receive(half) == b""
