"""Streams: answers that are made while they are sent, in pieces that suit a socket, at the pace of the reader."""

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import zstandard
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.formats.format import Encoded

PIECE = 262_144
"""Most bytes handed to the socket at once: larger pieces are copied while they wait for room in its buffer, and every
piece costs a turn of the event loop."""


class Compressor(Protocol):
    """What turns a body into a coded one, piece by piece; zlib's objects and zstandard's are such."""

    def compress(self, data: Encoded, /) -> bytes:
        """Take a piece, and give what is ready."""

    def flush(self) -> bytes:
        """Give the rest."""


COMPRESSORS: Mapping[str, Callable[[], Compressor]] = {
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    "gzip": lambda: zlib.compressobj(level=1, wbits=31),
}
"""The same content codings as for whole bodies."""


class Stream(Response):
    """A response whose body is made piece by piece.

    Memory stays constant, because the next piece is made when the server has taken the last one; work stops when the
    client goes away; and other requests have their turn between pieces.
    """

    def __init__(self, pieces: Iterable[Encoded], *, headers: Mapping[str, str]) -> None:
        """Answer with `pieces`, one after the other."""
        super().__init__(headers=headers)
        if "Content-Length" not in headers:
            del self.headers["Content-Length"]
        self.pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, then every piece, then an end."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if not scope.get("head"):
            gone = asyncio.create_task(_disconnected(receive))
            try:
                for piece in fitted(self.pieces):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    await asyncio.sleep(0)
                    if gone.done():
                        return
            finally:
                gone.cancel()
        await send({"type": "http.response.body", "body": b""})


def coded(pieces: Iterable[Encoded], coding: str) -> Iterator[bytes]:
    """The pieces in a content coding."""
    compressor = COMPRESSORS[coding]()
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


def fitted(pieces: Iterable[Encoded]) -> Iterator[Encoded]:
    """The same bytes in pieces that suit a socket: small ones joined, large ones cut, none over `PIECE`."""
    waiting: list[Encoded] = []
    size = 0
    for piece in pieces:
        if size + len(piece) > PIECE and waiting:
            yield waiting[0] if len(waiting) == 1 else b"".join(waiting)
            waiting, size = [], 0
        if len(piece) > PIECE:
            view = memoryview(piece)
            yield from (view[start : start + PIECE] for start in range(0, len(view), PIECE))
        elif piece:
            waiting.append(piece)
            size += len(piece)
    if waiting:
        yield b"".join(waiting)


async def _disconnected(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
