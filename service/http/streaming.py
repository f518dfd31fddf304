"""Streaming: a response whose body is made while it is sent, in pieces that suit a socket, at the reader's pace."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from itertools import chain, islice
from time import perf_counter

from starlette.types import Message, Receive, Scope, Send

from service.http.disconnect import run_for_client, wait_for_disconnect
from service.http.encoder_pool import INLINE, EncoderPool
from service.http.representation import Encoded
from service.http.request import Headers
from service.http.request_record import time_part
from service.http.turns import SHORT, Turns

PIECE = 262_144
"""Most bytes given to the socket at once: larger pieces are copied while they wait for room in its buffer, and every
piece costs a turn of the event loop."""

TURN = 0.002
"""Seconds that making a piece may take before other requests get a turn of the event loop."""


NO_BYTES: Message = {"type": "http.response.body", "body": b"", "more_body": True}
"""A piece without bytes. uvicorn takes any piece only when the socket has room again, so a stream that sends this one
waits before it makes the next piece, and does not hold that while it waits."""


class StreamResponse:
    """An ASGI application that answers with a body made piece by piece: 200, or 206 for a part of it.

    Memory stays constant, because the next piece is made when the socket has room for it; `memory` is how many bytes
    that is, which count in the pool's budget until the end. Work ends when the client disconnects; and other requests
    get their turn between pieces.
    """

    def __init__(
        self,
        headers: Headers,
        make: Callable[[], Iterable[Encoded]],
        *,
        pool: EncoderPool,
        turns: Turns | None = None,
        kind: str = "",
        cost: float = 0.0,
        memory: int = 0,
        part: range | None = None,
    ) -> None:
        """Answer with the pieces that `make` gives, or a part of their bytes.

        The first costs `cost` milliseconds, and is made in the pool if that is long, or if there is no room yet.
        """
        self.headers = headers
        self.make = make
        self.pool = pool
        self.turns = turns or Turns()
        self.kind = kind
        self.cost = cost
        self.memory = min(memory, pool.budget.largest)
        self.part = part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, then every piece, then an end.

        Raises:
            Overloaded: there is no room for the stream, or no thread for its first piece.
            ClientDisconnect: the client has gone before the first piece.
        """
        status = HTTPStatus.OK if self.part is None else HTTPStatus.PARTIAL_CONTENT
        start: Message = {"type": "http.response.start", "status": status, "headers": self.headers}
        if scope["method"] == "HEAD":
            await send(start)
        else:
            pieces = await self._begin(receive)
            try:
                await send(start)
                await self._send_pieces(pieces, receive, send)
            finally:
                self.pool.budget.remove(self.memory)
        await send({"type": "http.response.body", "body": b""})

    async def _begin(self, receive: Receive) -> Iterator[Encoded]:
        """The pieces, the first one made already, so that a failure to make it can still be a problem.

        From then on the stream counts in the budget.
        """
        pieces = rechunk(self.make())

        def make_first() -> list[Encoded]:
            with time_part("encode"):
                return list(islice(pieces, 1))

        async def run() -> list[Encoded]:
            return await self.pool.run(make_first, kind=self.kind, cost=self.cost, memory=self.memory)

        if SHORT < self.cost <= INLINE:
            await self.turns.take()
        inline = self.cost <= INLINE and self.pool.budget.fits(self.memory)
        first = make_first() if inline else await run_for_client(receive, run)
        self.pool.budget.add(self.memory)
        return chain(first, pieces)

    async def _send_pieces(self, pieces: Iterator[Encoded], receive: Receive, send: Send) -> None:
        disconnect = asyncio.create_task(wait_for_disconnect(receive))
        try:
            for piece in cut(pieces, self.part):
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    del piece  # uvicorn copies a piece without a length around it, and holds the copy
                    await send(NO_BYTES)
                if disconnect.done():
                    return
                await self.turns.take()
        finally:
            disconnect.cancel()


def cut(pieces: Iterable[Encoded], part: range | None) -> Iterator[Encoded]:
    """The pieces, without the bytes outside `part`: empty ones before it, none after it."""
    if part is None:
        yield from pieces
        return
    position = 0
    for piece in pieces:
        yield memoryview(piece)[max(0, part.start - position) : max(0, part.stop - position)]
        position += len(piece)
        if position >= part.stop:
            return


def rechunk(pieces: Iterable[Encoded]) -> Iterator[Encoded]:
    """The same bytes in pieces that suit a socket: small ones joined, large ones cut, none over `PIECE`.

    Pieces are joined until another one as long as the last would not fit, so that the next piece is not made before
    they are sent. An empty piece comes where making the next one takes longer than `TURN`, so that others can have a
    turn meanwhile.
    """
    waiting: list[Encoded] = []
    size, began = 0, perf_counter()
    for piece in pieces:
        if waiting and size + len(piece) > PIECE:
            yield _join(waiting)
            size, began = 0, perf_counter()
        if len(piece) > PIECE:
            view = memoryview(piece)
            yield from (view[start : start + PIECE] for start in range(0, len(view), PIECE))
            began = perf_counter()
            continue
        waiting.append(piece)
        size += len(piece)
        if size + len(piece) > PIECE:
            yield _join(waiting)
            size, began = 0, perf_counter()
        elif perf_counter() - began > TURN:
            yield b""
            began = perf_counter()
    yield _join(waiting)


def _join(pieces: list[Encoded]) -> Encoded:
    """The bytes of all pieces, one alone without a copy; the list is empty afterwards, so that it holds no memory."""
    joined = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    pieces.clear()
    return joined
