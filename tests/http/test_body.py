"""Reading a body: whole, up to its bound, and what is beyond it only so far."""

import asyncio
import tracemalloc
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from service.http.body import LONGEST_DISCARDED, read_body
from service.http.problems import BodyTooLarge, UnsupportedBody, handle_service_error
from service.http.request import ApiRequest
from tests import sites
from tests.http import echo, wire

MEGABYTE = bytes(1_000_000)


class Sender:
    """A client that sends pieces, and counts how many were taken."""

    def __init__(self, pieces: Sequence[bytes], *, leaves: bool = False) -> None:
        self.messages: Iterator[Message] = iter(
            [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
            + [{"type": "http.disconnect"} if leaves else {"type": "http.request", "body": b"", "more_body": False}]
        )
        self.taken = 0

    async def receive(self) -> Message:
        self.taken += 1
        return next(self.messages)


def read(sender: Sender, *, most: int, headers: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    request = ApiRequest({"type": "http", "method": "POST", "path": "/", "headers": list(headers)}, sender.receive)
    return asyncio.run(read_body(request, most=most, advice="send less"))


@given(st.lists(st.binary(max_size=5), max_size=6), st.integers(0, 30))
def test_a_body_up_to_its_bound_is_its_pieces_joined_and_one_beyond_is_refused(pieces: list[bytes], most: int) -> None:
    whole = b"".join(pieces)
    if len(whole) <= most:
        assert read(Sender(pieces), most=most) == whole
    else:
        with pytest.raises(BodyTooLarge, match=f"longer than {most} bytes; send less"):
            read(Sender(pieces), most=most)


def test_the_bound_itself_is_allowed() -> None:
    assert read(Sender([b"1234"]), most=4) == b"1234"
    with pytest.raises(BodyTooLarge):
        read(Sender([b"1234", b"5"]), most=4)


def test_what_is_beyond_the_bound_is_read_so_that_the_client_reads_the_answer() -> None:
    sender = Sender([MEGABYTE] * 5)
    with pytest.raises(BodyTooLarge):
        read(sender, most=10)
    assert sender.taken == 6


def test_a_body_without_an_end_is_not_read_for_ever() -> None:
    sender = Sender([MEGABYTE] * 1_000)
    with pytest.raises(BodyTooLarge):
        read(sender, most=10)
    assert sender.taken == LONGEST_DISCARDED // len(MEGABYTE) + 1


def test_a_bound_above_what_is_discarded_is_kept() -> None:
    pieces = [MEGABYTE] * (LONGEST_DISCARDED // len(MEGABYTE) + 2)
    assert len(read(Sender(pieces), most=2 * LONGEST_DISCARDED)) == sum(map(len, pieces))


def test_no_more_than_the_bound_is_held_of_a_body_that_is_too_long() -> None:
    sender = Sender([bytes(1_000_000) for _ in range(10)])
    tracemalloc.start()
    with pytest.raises(BodyTooLarge):
        read(sender, most=1_500_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000  # the pieces were there before, and are not joined


@pytest.mark.parametrize("coding", [b"gzip", b"GZIP", b"zstd", b"identity, gzip", b"x"])
def test_a_compressed_body_is_refused_unread(coding: bytes) -> None:
    sender = Sender([b"x"])
    with pytest.raises(UnsupportedBody, match="content coding"):
        read(sender, most=10, headers=[(b"content-encoding", coding)])
    assert sender.taken == 0


@pytest.mark.parametrize("coding", [b"", b"identity", b" Identity "])
def test_a_body_without_a_coding_may_say_so(coding: bytes) -> None:
    assert read(Sender([b"x"]), most=10, headers=[(b"content-encoding", coding)]) == b"x"


def test_a_client_that_leaves_in_the_middle_is_no_failure_of_the_body() -> None:
    with pytest.raises(ClientDisconnect):
        read(Sender([b"12"], leaves=True), most=10)


async def take(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads a small body, and answers 413 to a longer one."""
    if scope["type"] == "lifespan":
        await echo.live(receive, send)
        return
    request = ApiRequest(scope, receive)
    try:
        response = Response(await read_body(request, most=10, advice="send less"))
    except BodyTooLarge as error:
        response = await handle_service_error(request, error)
    await response(scope, receive, send)


def post(size: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size


def test_a_connection_goes_on_after_a_body_that_was_too_long() -> None:
    with sites.serving(take) as site:
        last = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast"
        received = wire.exchange(site, post(100_000), bytes(100_000), post(3), b"abc", last)
        assert [(answer.status, answer.body) for answer in wire.split(received)][1:] == [(200, b"abc"), (200, b"last")]


def test_a_connection_whose_body_has_no_end_is_closed() -> None:
    sent, most = 0, 4 * LONGEST_DISCARDED
    with sites.serving(take) as site, wire.connect(site) as connection:
        connection.sendall(post(10 * most))
        try:
            while sent < most:
                sent += connection.send(MEGABYTE)
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert sent < most
