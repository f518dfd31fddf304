"""Access: who may send a request, and how many. Only a part of the application where a setting asks for it."""

import base64
import hmac
from collections.abc import Callable, Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.credentials import hash_key, parse_api_key
from service.http.problems import KINDS, find_route_path, respond
from service.http.rate_limit import Allowance, RateLimiter, name_network, round_up
from service.http.request import Headers, read_header

REALM = "digits"
"""The name of what a key opens (RFC 9110, section 11.5)."""

BASIC = f'Basic realm="{REALM}", charset="UTF-8"'
"""The challenge by which a browser asks for a password (RFC 7617); the password is a key, the user is not read."""

UNKNOWN_CLIENT = "unknown"
"""The client of a request on a connection without addresses, such as a Unix socket."""

IsOpen = Callable[[str], bool]
"""Whether the resource at a path, without the root path, needs no key."""


class KeyRing:
    """The keys that clients may have, by their hashes."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Accept the keys of `entries`, each `NAME:SHA256`."""
        self._keys = tuple(map(parse_api_key, entries))

    def find(self, key: str) -> str | None:
        """The name of the client with this key; None if it is nobody's.

        The time that this takes tells nothing: every hash is compared, each in constant time.
        """
        digest, found = hash_key(key), None
        for name, known in self._keys:
            if hmac.compare_digest(digest, known):
                found = name
        return found


class ApiKeyMiddleware:
    """Answers 401 where a client shows no valid key: as Bearer token (RFC 6750), or as password of Basic (RFC 7617).

    What a key opens is not for others. So caches that many share may not keep it (RFC 9111, section 3.5): `public`
    becomes `private`. A browser may, for requests with the same key: `Vary` names it.
    """

    def __init__(self, app: ASGIApp, *, keys: KeyRing, is_open: IsOpen) -> None:
        """Let clients with one of `keys` reach `app`, and others what `is_open`."""
        self.app = app
        self.keys = keys
        self.is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request of a known client, with its name, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.is_open(find_route_path(scope)):
            await self.app(scope, receive, send)
        elif identify(scope, self.keys) is None:
            await refuse_credentials(Request(scope))(scope, receive, send)
        else:
            await self.app(scope, receive, keep_private(send))


def identify(scope: Scope, keys: KeyRing) -> str | None:
    """The name of the client whose key a request shows, found once; None if it shows no valid one."""
    if "api_key" not in scope:
        key = find_key(read_header(scope["headers"], b"authorization"))
        scope["api_key"] = None if key is None else keys.find(key)
    name: str | None = scope["api_key"]
    return name


def find_key(credentials: str) -> str | None:
    """The key in the value of `Authorization`; None if there is none."""
    scheme, _, value = credentials.partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:  # no base64, or not of UTF-8
        return None


def refuse_credentials(request: Request) -> Response:
    """The answer 401, which says how a key is sent."""
    fault, detail = "", "No key was sent; send `Authorization: Bearer KEY`, or the key as the password of Basic."
    if "authorization" in request.headers:
        fault, detail = ', error="invalid_token"', "The key is not valid; it may be misspelt, or no longer in use."
    response = respond(request, KINDS["unauthorized"], detail)
    # One line each, because browsers read one challenge a line.
    response.headers.append("WWW-Authenticate", f'Bearer realm="{REALM}"{fault}')
    response.headers.append("WWW-Authenticate", BASIC)
    return response


def keep_private(send: Send) -> Send:
    """Send an answer that only its client may keep, and only for requests with the same key."""

    async def send_private(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                (name, value.replace(b"public", b"private") if name == b"cache-control" else value)
                for name, value in message["headers"]
            ]
            message["headers"].append((b"vary", b"Authorization"))
        await send(message)

    return send_private


class RateLimitMiddleware:
    """Answers 429 to a client that sends more requests than it may, and tells every client how many are left.

    A client is a key, or else an address: also one that guesses keys. The fields `RateLimit` and `RateLimit-Policy` are
    those of draft-ietf-httpapi-ratelimit-headers-10.
    """

    def __init__(self, app: ASGIApp, *, limiter: RateLimiter, keys: KeyRing, is_unlimited: IsOpen) -> None:
        """Limit the requests to `app`, but for what `is_unlimited`; tell clients apart by their `keys`."""
        self.app = app
        self.limiter = limiter
        self.keys = keys
        self.is_unlimited = is_unlimited
        self.policy = b'"client";q=%d;w=%d' % (limiter.quota, limiter.window)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, or refuse it."""
        if scope["type"] != "http" or self.is_unlimited(find_route_path(scope)):
            await self.app(scope, receive, send)
            return
        allowance = self.limiter.take(name_client(scope, self.keys))
        app = refuse_request(Request(scope), allowance) if allowance.is_refused else self.app
        fields = self._describe(allowance)

        async def send_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *fields]
            await send(message)

        await app(scope, receive, send_limits)

    def _describe(self, allowance: Allowance) -> Headers:
        """What is left, as fields of an answer."""
        left = b'"client";r=%d;t=%d' % (allowance.remaining, round_up(allowance.reset))
        return [(b"ratelimit-policy", self.policy), (b"ratelimit", left)]


def name_client(scope: Scope, keys: KeyRing) -> str:
    """Whose request it is: that of a key, or of an address."""
    name = identify(scope, keys)
    if name is not None:
        return f"key {name}"
    return name_network(scope["client"][0]) if scope.get("client") else UNKNOWN_CLIENT


def refuse_request(request: Request, allowance: Allowance) -> Response:
    """The answer 429, which says when to come again."""
    seconds = round_up(allowance.reset)
    detail = f"You have sent more requests than you may; send the next one in {seconds} s."
    return respond(request, KINDS["too-many-requests"], detail, headers={"Retry-After": str(seconds)})
