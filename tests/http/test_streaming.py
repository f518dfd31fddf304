"""Streams: made while they are sent, at the pace of the reader, and no further than the reader stays."""

import asyncio
import socket
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import numpy as np
import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Scope

from service.http import streaming
from service.http.encoder_pool import EncoderPool
from service.http.memory_budget import MemoryBudget
from service.http.representation import Encoded
from service.http.streaming import PIECE, StreamResponse, cut, rechunk
from tests import sites

POOL = EncoderPool(threads=1, queue=1)
"""A pool that streams of cheap pieces do not use."""

GET: Scope = {"type": "http", "method": "GET"}


class Pieces:
    """Pieces that count how many of them were made."""

    def __init__(self, number: int, size: int = PIECE) -> None:
        self.number = number
        self.piece = bytes(size)
        self.made = 0

    def __iter__(self) -> Iterator[Encoded]:
        while self.made < self.number:
            self.made += 1
            yield self.piece


class Reader:
    """The other end of an ASGI connection, which takes pieces and goes away when it likes."""

    def __init__(self, pieces: Pieces, *, leaves_after: int | None = None) -> None:
        self.pieces = pieces
        self.leaves_after = leaves_after
        self.left = asyncio.Event()
        self.taken: list[Message] = []
        self.ahead = 0

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.taken.append(message)
        bodies = sum(bool(one.get("body")) for one in self.taken)
        self.ahead = max(self.ahead, self.pieces.made - bodies)
        if bodies == self.leaves_after:
            self.left.set()
        await asyncio.sleep(0)


def test_an_empty_piece_gives_others_a_turn_where_making_the_next_one_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streaming, "TURN", -1)  # any time is long
    assert list(rechunk([b"a", b"b"])) == [b"", b"", b"ab"]


@pytest.mark.parametrize("cost", [0.0, 100.0])
@pytest.mark.parametrize("leaves_after", [None, 2])
def test_a_stream_counts_in_the_budget_until_it_ends(cost: float, leaves_after: int | None) -> None:
    budget, held = MemoryBudget(capacity=100), list[int]()
    pieces = Pieces(5)
    reader = Reader(pieces, leaves_after=leaves_after)

    async def send(message: Message) -> None:
        held.append(budget.used)
        await reader.send(message)

    async def main() -> None:
        pool = EncoderPool(threads=1, queue=1, budget=budget)
        await StreamResponse([], lambda: pieces, pool=pool, cost=cost, memory=70)(GET, reader.receive, send)

    asyncio.run(main())
    assert set(held[:-1]) == {70}
    assert budget.used == 0


def test_a_stream_waits_for_room_however_little_its_pieces_cost() -> None:
    async def main() -> None:
        budget, pieces = MemoryBudget(capacity=100), Pieces(5)
        reader = Reader(pieces)
        response = StreamResponse(
            [], lambda: pieces, pool=EncoderPool(threads=1, queue=1, budget=budget), cost=0.0, memory=70
        )
        budget.add(50)  # those of another answer
        stream = asyncio.create_task(response(GET, reader.receive, reader.send))
        for _ in range(10):
            await asyncio.sleep(0)
        assert (pieces.made, reader.taken) == (0, [])
        budget.remove(50)
        await stream
        assert pieces.made == 5

    asyncio.run(main())


def answer(pieces: Pieces, reader: Reader, scope: Scope = GET) -> None:
    response = StreamResponse([(b"content-type", b"text/plain")], lambda: pieces, pool=POOL)
    asyncio.run(response(scope, reader.receive, reader.send))


@given(st.lists(st.binary(max_size=9) | st.integers(0, 3 * PIECE).map(bytes), max_size=6))
def test_pieces_that_suit_a_socket_are_the_same_bytes(pieces: list[bytes]) -> None:
    sent = list(rechunk(iter(pieces)))
    assert b"".join(map(bytes, sent)) == b"".join(pieces)
    assert all(len(piece) <= PIECE for piece in sent)


def test_many_small_pieces_become_few() -> None:
    sent = list(rechunk([b"x" * 1_000] * 1_000))
    assert len(sent) == -(-1_000 // (PIECE // 1_000))


def test_a_large_piece_is_cut_without_a_copy() -> None:
    whole = bytes(5 * PIECE)
    assert all(isinstance(piece, memoryview) and piece.obj is whole for piece in rechunk([whole]) if piece)


def test_a_piece_that_fills_a_socket_is_neither_copied_nor_followed_by_another_before_it_is_sent() -> None:
    pieces = Pieces(3)
    sent = rechunk(pieces)
    assert next(sent) is pieces.piece
    assert pieces.made == 1


def test_what_was_sent_is_not_held_while_the_next_piece_is_waited_for() -> None:
    made: list[weakref.ref[np.ndarray]] = []

    def arrays(size: int) -> Iterator[Encoded]:
        while True:
            array = np.zeros(size, np.uint8)
            made.append(weakref.ref(array))
            yield array.data
            del array

    for size in (PIECE, PIECE // 4):
        made.clear()
        sent = rechunk(arrays(size))
        for _ in range(3):
            next(sent)
        assert sum(array() is not None for array in made) <= 1


@given(st.lists(st.binary(max_size=9), max_size=8), st.integers(0, 80), st.integers(0, 80))
def test_a_part_is_what_a_slice_of_the_whole_is(pieces: list[bytes], start: int, stop: int) -> None:
    whole = b"".join(pieces)
    assert b"".join(map(bytes, cut(pieces, range(start, stop)))) == whole[start:stop]
    assert b"".join(map(bytes, cut(pieces, None))) == whole


def test_no_piece_is_made_after_the_end_of_a_part() -> None:
    pieces = Pieces(50, size=10)
    assert b"".join(map(bytes, cut(pieces, range(15, 25)))) == bytes(10)
    assert pieces.made == 3


def test_the_status_of_a_part_is_206() -> None:
    pieces = Pieces(3, size=10)
    reader = Reader(pieces)
    response = StreamResponse([], lambda: pieces, pool=POOL, part=range(5, 25))
    asyncio.run(response(GET, reader.receive, reader.send))
    assert reader.taken[0]["status"] == 206
    assert b"".join(message["body"] for message in reader.taken[1:]) == bytes(20)


def test_a_failure_to_make_the_first_piece_comes_before_the_head() -> None:
    def broken() -> Iterator[Encoded]:
        raise ValueError("broken")
        yield b""

    reader = Reader(Pieces(0))
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(StreamResponse([], broken, pool=POOL)(GET, reader.receive, reader.send))
    assert reader.taken == []


def test_the_first_piece_of_an_expensive_stream_is_made_in_the_pool() -> None:
    threads: list[int] = []

    def pieces() -> Iterator[Encoded]:
        threads.append(threading.get_ident())
        yield b"x"

    async def main() -> None:
        reader = Reader(Pieces(0))
        await StreamResponse([], pieces, pool=POOL, cost=100.0)(GET, reader.receive, reader.send)

    asyncio.run(main())
    assert threads != [threading.get_ident()]


def test_a_stream_is_a_head_its_pieces_and_an_end() -> None:
    pieces = Pieces(3)
    reader = Reader(pieces)
    answer(pieces, reader)
    start, *bodies, end = reader.taken
    assert (start["type"], start["status"]) == ("http.response.start", 200)
    assert [len(body["body"]) for body in bodies if body["body"]] == [PIECE] * 3
    assert all(body["more_body"] for body in bodies)
    assert (end["body"], end.get("more_body", False)) == (b"", False)
    assert b"content-length" not in dict(start["headers"])


def test_no_piece_is_made_before_its_turn() -> None:
    pieces = Pieces(50)
    reader = Reader(pieces)
    answer(pieces, reader)
    assert pieces.made == 50
    assert reader.ahead <= 1


def test_no_piece_is_made_while_the_socket_has_no_room() -> None:
    pieces, made = Pieces(5), []
    reader = Reader(pieces)
    full = False

    async def send(message: Message) -> None:  # takes a message when the one before has left, as uvicorn does
        nonlocal full
        if full:
            made.append(pieces.made)
            await asyncio.sleep(0)
        full = bool(message.get("body"))

    asyncio.run(StreamResponse([], lambda: pieces, pool=POOL)(GET, reader.receive, send))
    assert made == [1, 2, 3, 4, 5]


def test_no_piece_is_made_for_head() -> None:
    pieces = Pieces(50)
    reader = Reader(pieces)
    answer(pieces, reader, {**GET, "method": "HEAD"})
    assert pieces.made == 0
    assert [one["type"] for one in reader.taken] == ["http.response.start", "http.response.body"]


def test_work_stops_when_the_client_goes_away() -> None:
    pieces = Pieces(1_000_000)
    answer(pieces, Reader(pieces, leaves_after=5))
    assert 5 <= pieces.made <= 8


def test_others_have_their_turn_between_pieces() -> None:
    async def both() -> list[int]:
        pieces, turns = Pieces(30), []
        reader = Reader(pieces)

        async def send(message: Message) -> None:  # a socket with room takes a piece without giving up its turn
            reader.taken.append(message)

        async def other() -> None:
            while pieces.made < pieces.number:
                turns.append(pieces.made)
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        await StreamResponse([], lambda: pieces, pool=POOL)(GET, reader.receive, send)
        await beside
        return turns

    turns = asyncio.run(both())
    assert len(set(turns)) >= 25


@pytest.fixture
def endless() -> Iterator[tuple[sites.Site, Pieces]]:
    """A server of one stream of 100 GB, and the count of its pieces."""
    pieces = Pieces(400_000)
    app = FastAPI()

    app.add_route("/endless", StreamResponse([], lambda: pieces, pool=POOL))  # type: ignore[arg-type]

    @app.get("/made")
    async def made(_: Request) -> Response:
        return Response(str(pieces.made))

    with sites.serving(app) as site:
        yield site, pieces


def test_a_reader_that_reads_nothing_makes_the_server_wait_and_one_that_leaves_ends_it(
    endless: tuple[sites.Site, Pieces],
) -> None:
    site, pieces = endless
    place = urlsplit(site.url)
    with closing(socket.create_connection((str(place.hostname), place.port or 0), timeout=20)) as slow:
        slow.sendall(b"GET /endless HTTP/1.1\r\nHost: test\r\n\r\n")
        assert slow.recv(1)
        while (before := int(site.get("/made").body)) == 0 or not settled(site, before):
            pass
        held = int(site.get("/made").body)
        assert held * PIECE < 30_000_000  # what the sockets hold, and no more
        for _ in range(300):
            slow.recv(PIECE)
        while int(site.get("/made").body) == held:
            pass
        assert pieces.made < held + 600
    while not settled(site, pieces.made):
        pass
    assert pieces.made < 2_000


def settled(site: sites.Site, before: int) -> bool:
    """Whether no piece was made during so many turns of the server's loop as a hundred requests take."""
    return all(int(site.get("/made").body) == before for _ in range(100))
