"""The response cache: finished answers of recent requests, bounded by the bytes that they hold."""

from dataclasses import replace

from cachetools import LRUCache
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.negotiation import choose_coding
from service.http.request import read_header
from service.http.stored_response import StoredResponse

OVERHEAD = 2_000
"""Bytes of Python's objects around the body of an entry (measured), besides its key and its headers."""

LARGEST_PART = 8
"""An answer may take at most this fraction of the capacity, so that it cannot replace everything else."""

Key = tuple[bytes, bytes, str, str]
"""Path and query as they came, `Accept`, and the content coding that `Accept-Encoding` leads to."""


class ResponseCache:
    """Answers by the URL and what may be negotiated; the least recently used goes first.

    What an entry weighs is all that it holds: key, headers, body, and Python's objects around them.
    """

    def __init__(self, *, capacity: int) -> None:
        """Hold at most `capacity` bytes; 0 turns the cache off."""
        self.hits = 0
        self.misses = 0
        self._responses: LRUCache[Key, tuple[StoredResponse, int]] = LRUCache(
            capacity, getsizeof=lambda entry: entry[1]
        )

    @property
    def size(self) -> int:
        """Bytes held at present."""
        return int(self._responses.currsize)

    def find(self, scope: Scope) -> StoredResponse | None:
        """The stored answer to a request, if there is one."""
        entry = self._responses.get(key_of(scope))
        if entry is None:
            self.misses += 1
            return None
        self.hits += 1
        return entry[0]

    def store(self, scope: Scope, response: StoredResponse) -> None:
        """Keep the answer to a request, unless it is too large."""
        key = key_of(scope)
        weight = OVERHEAD + len(response.body) + sum(map(len, key))
        weight += sum([len(name) + len(value) for name, value in response.headers])
        if weight <= self._responses.maxsize // LARGEST_PART:
            headers = [*response.headers, (b"server-timing", b"cache")]
            self._responses[key] = replace(response, headers=headers), weight


def key_of(scope: Scope) -> Key:
    """What the answer to a GET or HEAD may depend on."""
    headers = scope["headers"]
    return scope["raw_path"], scope["query_string"], read_header(headers, b"accept"), choose_coding(headers)


class ResponseCacheMiddleware:
    """ASGI middleware that answers from the cache what is in it."""

    def __init__(self, app: ASGIApp, *, cache: ResponseCache) -> None:
        """Pass to `app` what `cache` does not hold."""
        self.app = app
        self.cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET or HEAD from the cache, or let the application answer."""
        stored = self.cache.find(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        if stored is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = stored.route
        await stored(scope, receive, send)
