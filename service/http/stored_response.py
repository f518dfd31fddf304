"""Finished answers, to which the conditions, the range and the method of any request are applied."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import ServiceError
from service.http.conditions import CONDITIONS, is_unmodified, select_range
from service.http.memory_budget import COUNTED
from service.http.problems import handle_service_error
from service.http.representation import Encoded
from service.http.request import Headers
from service.http.turns import Turns

DESCRIPTIVE = frozenset({b"accept-ranges", b"content-length", b"content-type", b"content-encoding", b"repr-digest"})
"""Headers that describe a body, which a 304 does not have."""

SELECTIVE = CONDITIONS | {b"range"}
"""Headers of a request by which it may get less than the whole."""

PIECE = 1_048_576
"""Bytes that are given to the server at once: half a millisecond's work for the event loop."""


class Body(Protocol):
    """Finished bytes, in memory or on disk."""

    def __len__(self) -> int:
        """Return the number of bytes."""

    def __getitem__(self, part: slice, /) -> Encoded:
        """Return a part of the bytes."""


@dataclass(frozen=True, eq=False, slots=True)
class NotModifiedResponse:
    """An ASGI application that answers 304 with those of the headers that do not describe a body."""

    headers: Headers

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """Send the answer."""
        headers = [(name, value) for name, value in self.headers if name not in DESCRIPTIVE]
        await send({"type": "http.response.start", "status": HTTPStatus.NOT_MODIFIED, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True, eq=False, slots=True)
class StoredResponse:
    """An ASGI application that answers any GET or HEAD of one representation, whose whole body it has.

    `headers` are those of a 200, without length; `route` is the route that made it, for whoever counts by route.
    """

    headers: Headers
    etag: str
    body: Body
    route: object
    turns: Turns = field(default_factory=Turns)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all (200), a part (206), nothing (HEAD, 304), or a problem (412, 416)."""
        if SELECTIVE.isdisjoint([name for name, _ in scope["headers"]]):
            await self._send_whole(scope, send)
            return
        try:
            selected = self._select(scope)
        except ServiceError as error:
            selected = await handle_service_error(Request(scope), error)
        await selected(scope, receive, send)

    def _select(self, scope: Scope) -> ASGIApp:
        """What answers a conditional or ranged request.

        Raises:
            PreconditionFailed: a condition of the request does not hold.
            OutsideFile: the range holds no byte.
        """
        if is_unmodified(scope["headers"], self.etag):
            return NotModifiedResponse(self.headers)
        part = select_range(scope["headers"], self.etag, len(self.body)) if scope["method"] == "GET" else None

        async def send_part(_: Scope, __: Receive, send: Send) -> None:
            if part is None:
                await self._send_whole(scope, send)
            else:
                headers = describe_part(self.headers, part, len(self.body))
                await send_body(send, HTTPStatus.PARTIAL_CONTENT, headers, self.body, part, self.turns)

        return send_part

    async def _send_whole(self, scope: Scope, send: Send) -> None:
        part = range(0 if scope["method"] == "HEAD" else len(self.body))
        await send_body(send, HTTPStatus.OK, describe_whole(self.headers, len(self.body)), self.body, part, self.turns)


@dataclass(frozen=True, eq=False, slots=True)
class SingleResponse:
    """An ASGI application that answers one request with a body that nobody else gets."""

    headers: Headers
    body: Body
    turns: Turns

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """Send all of it."""
        headers = [*self.headers, (b"content-length", b"%d" % len(self.body))]
        await send_body(send, HTTPStatus.OK, headers, self.body, range(len(self.body)), self.turns)


def describe_whole(headers: Headers, size: int) -> Headers:
    """The headers of a 200 whose body has `size` bytes."""
    return [*headers, (b"content-length", b"%d" % size), (b"accept-ranges", b"bytes")]


def describe_part(headers: Headers, part: range, size: int) -> Headers:
    """The headers of a 206, which gives a part of `size` bytes."""
    bounds = b"bytes %d-%d/%d" % (part.start, part.stop - 1, size)
    return [*describe_whole(headers, len(part)), (b"content-range", bounds)]


async def send_body(send: Send, status: HTTPStatus, headers: Headers, body: Body, part: range, turns: Turns) -> None:
    """Send a part of a body; a large one in pieces, each in a turn of the event loop of its own.

    uvicorn takes a message only when the socket has room for it. So the empty message at the end of a body that counts
    in the memory budget waits until most of it has left, and the body counts until then.
    """
    await send({"type": "http.response.start", "status": status, "headers": headers})
    start = part.start
    while part.stop - start > PIECE:
        await turns.take()
        await send({"type": "http.response.body", "body": body[start : start + PIECE], "more_body": True})
        start += PIECE
    if start > part.start:
        await turns.take()
    if len(part) < COUNTED:
        await send({"type": "http.response.body", "body": body[start : part.stop]})
    else:
        await send({"type": "http.response.body", "body": body[start : part.stop], "more_body": True})
        await send({"type": "http.response.body", "body": b""})
