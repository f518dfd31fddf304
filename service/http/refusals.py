"""Refusals: whole responses with a problem document, for requests that reach no application. Knows no sockets."""

import itertools
import os
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from http import HTTPStatus

import orjson

from service.http.middleware import ANY_ORIGIN, EVERY_ANSWER, REQUEST_ID
from service.http.problems import BY_STATUS, MEDIA_TYPE, Overloaded, Problem
from service.http.request import Headers, read_header

MAX_INSTANCE_BYTES = 1_000
"""Bytes of a request's path that a problem document repeats."""


def count_nowhere(_: str) -> None:
    """Count nothing."""


class Refusals:
    """Writes responses that have the headers of every answer.

    What all responses of a kind have in common is written once: a server that has to refuse has no time to lose.
    """

    def __init__(
        self, *, root_path: str = "", origins: Sequence[str] = ("*",), count: Callable[[str], None] = count_nowhere
    ) -> None:
        """Link to explanations below `root_path`, and let pages of `origins` read them.

        `count` is called for each response, with the name of its kind of problem.
        """
        self._root_path = root_path
        self._origins = frozenset(origins)
        self._count = count
        self._numbers = itertools.count(1)
        self._describe = lru_cache(maxsize=64)(self._describe_anew)

    @cached_property
    def _process(self) -> str:
        """How the identities of this process begin: made late, for processes may be forked before."""
        return os.urandom(6).hex()

    def write(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        target: bytes = b"",
        method: str = "GET",
        received: Headers = (),  # type: ignore[assignment] # it is only read
        first: Headers = (),  # type: ignore[assignment]
        close: bool = False,
    ) -> bytes:
        """The response to a request of which `method`, `target` and the header fields `received` are known so far.

        `first` are header fields that change with time; with `close` the response says that the connection ends.
        """
        self._count(BY_STATUS[status].name)
        head, start = self._describe(status, detail)
        path = target.partition(b"?")[0][:MAX_INSTANCE_BYTES].decode("latin-1")
        body = b"%b%b}" % (start, orjson.dumps(path))
        given = read_header(received, b"x-request-id")
        identity = given if given and REQUEST_ID.fullmatch(given) else f"{self._process}-{next(self._numbers):x}"
        fields = [b"%b: %b\r\n" % field for field in [*first, *self._allow(received)]]
        return b"%b%bx-request-id: %b\r\n%bcontent-length: %d\r\n\r\n%b" % (
            head,
            b"".join(fields),
            identity.encode(),
            b"connection: close\r\n" * close,
            len(body),
            b"" if method == "HEAD" else body,
        )

    def _allow(self, received: Headers) -> Headers:
        """What depends on the origin of the page that asks, as `CORSMiddleware` has it."""
        if "*" in self._origins:
            return []
        origin = read_header(received, b"origin")
        allowed = [(b"access-control-allow-origin", origin.encode("latin-1"))] * (origin in self._origins)
        return [(b"vary", b"Origin"), *allowed]

    def _describe_anew(self, status: HTTPStatus, detail: str) -> tuple[bytes, bytes]:
        """The constant header fields of a kind of problem, and its document up to the value of `instance`."""
        kind = BY_STATUS[status]
        problem = Problem(
            type=f"{self._root_path}/problems/{kind.name}", title=kind.title, status=status, detail=detail, instance=""
        )
        fields = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"cache-control", b"no-store"),
            *EVERY_ANSWER,
            *(ANY_ORIGIN if "*" in self._origins else ()),
            *[(b"retry-after", b"%d" % Overloaded(detail).seconds)] * (status == HTTPStatus.SERVICE_UNAVAILABLE),
        ]
        lines = [b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()), *(b"%b: %b\r\n" % one for one in fields)]
        return b"".join(lines), problem.model_dump_json(exclude_none=True).encode().removesuffix(b'""}')
