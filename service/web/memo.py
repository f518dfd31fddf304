"""The Memo: finished answers of recent requests, in front of the application, bounded in bytes.

Every answer is a pure function of its URL and of the representation negotiated, so an answer can be kept as it was
sent.
"""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.web.conditions import matches
from service.web.route import template

Key = tuple[bytes, bytes, bytes, bytes]
"""Path, query, `Accept` and `Accept-Encoding`, as they came."""

OVERHEAD = 1_500
"""Bytes that an answer costs besides its body: headers, key and Python's own objects (measured)."""

LARGEST_PART = 8
"""An answer may take at most this fraction of the memo."""

NAMES = (b"accept", b"accept-encoding", b"if-none-match")


BODILY = (b"content-length", b"content-type", b"content-encoding")
"""Headers that describe a body, which a 304 does not have."""


class Answer:
    """A finished answer: what to send, what for, and the validator that spares sending it."""

    __slots__ = ("body", "etag", "route", "start")

    def __init__(self, start: Message, body: bytes, etag: str, route: str) -> None:
        """Keep a successful answer to a request on `route`."""
        self.start = start
        self.body: Message = {"type": "http.response.body", "body": body}
        self.etag = etag
        self.route = route

    @property
    def not_modified(self) -> Message:
        """What to send instead of the start, to who has the body."""
        headers = [(name, value) for name, value in self.start["headers"] if name not in BODILY]
        return {"type": "http.response.start", "status": HTTPStatus.NOT_MODIFIED, "headers": headers}


class Memo:
    """ASGI middleware that answers what it has answered before."""

    def __init__(self, app: ASGIApp, *, capacity: int) -> None:
        """Keep at most `capacity` bytes of the answers of `app`."""
        self.app = app
        self.capacity = capacity
        self.size = 0
        self.hits = 0
        self.misses = 0
        self._answers: dict[Key, Answer] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or let the application answer and keep that."""
        if scope["type"] != "http" or scope["method"] != "GET" or not self.capacity:
            return await self.app(scope, receive, send)
        found = {b"accept": b"", b"accept-encoding": b"", b"if-none-match": b""}
        for name, value in scope["headers"]:
            if name in found:
                found[name] = found[name] + b"," + value if found[name] else value
        key = (scope["raw_path"], scope["query_string"], found[b"accept"], found[b"accept-encoding"])
        answer = self._answers.pop(key, None)
        if answer is None:
            self.misses += 1
            return await self._ask(key, scope, receive, send)
        self._answers[key] = answer
        self.hits += 1
        scope["memo"] = answer.route
        condition = found[b"if-none-match"]
        if condition and matches(condition.decode("latin-1"), answer.etag):
            await send(answer.not_modified)
            return await send({"type": "http.response.body", "body": b""})
        await send({**answer.start})
        return await send(answer.body)

    async def _ask(self, key: Key, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and keep the answer if it is whole, small and public."""
        start: Message | None = None

        async def keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = {**message}
            elif start is not None and not message.get("more_body"):
                self._keep(key, start, message.get("body", b""), scope)
            else:
                start = None
            await send(message)

        await self.app(scope, receive, keep)

    def _keep(self, key: Key, start: Message, body: bytes, scope: Scope) -> None:
        headers = dict(start["headers"])
        weight = len(body) + OVERHEAD
        if start["status"] != HTTPStatus.OK or b"etag" not in headers or b"accept-ranges" in headers:
            return
        if weight > self.capacity // LARGEST_PART:
            return
        start["headers"] = list(start["headers"])
        route = template(scope)
        while self._answers and self.size + weight > self.capacity:
            oldest = next(iter(self._answers))
            self.size -= len(self._answers.pop(oldest).body["body"]) + OVERHEAD
        self._answers[key] = Answer(start, bytes(body), headers[b"etag"].decode(), route)
        self.size += weight
