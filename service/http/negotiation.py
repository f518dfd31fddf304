"""Content negotiation (RFC 9110, section 12): which representation, and which content coding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from service.errors import quote
from service.http import pages
from service.http.accept import parse_weights, prefers_html, weigh
from service.http.compression import CODINGS, IDENTITY
from service.http.problems import NotAcceptable
from service.http.representation import MediaFormat
from service.http.request import ApiRequest, Headers, read_header

F = TypeVar("F", bound=MediaFormat)

LONGEST_CACHED = 500
"""Characters of a header whose meaning is cached; longer ones are parsed every time, so that caches stay small."""


class Negotiation(Generic[F]):
    """A dependency of an endpoint: the format in which it is to answer.

    `?format=` decides, else `Accept`, else the first format offered. `offered` may depend on the query.
    """

    def __init__(self, offered: Sequence[F] | Callable[[Any], Sequence[F]]) -> None:
        """Offer formats, the default first; or a function from the validated query to them."""
        self.offered = offered

    def __call__(self, request: ApiRequest) -> F:
        """The format for a request.

        Raises:
            NotAcceptable: the name is not offered, or nothing offered is accepted.
        """
        offered = self.offered(request.query) if callable(self.offered) else self.offered
        name = getattr(request.query, "format", None)
        if name is not None:
            return find_by_name(offered, name)
        request.negotiated = True
        return find_by_accept(offered, request.header(b"accept"))


@dataclass(frozen=True)
class DocumentFormat:
    """A format of what is written for programs and for people alike."""

    name: str
    media_type: str


JSON = DocumentFormat("json", "application/json")
HTML = DocumentFormat("html", pages.MEDIA_TYPE)

DOCUMENT_FORMATS = (JSON, HTML)
"""Formats of such a document, the default first."""


def choose_document_format(request: ApiRequest) -> DocumentFormat:
    """A dependency of an endpoint that answers in JSON, and in HTML to a browser that shows it to a person.

    `?format=` decides, else whether `Accept` likes HTML better than JSON. Any other `Accept` gets JSON.

    Raises:
        NotAcceptable: the name in `?format=` is neither.
    """
    name = getattr(request.query, "format", None)
    if name is not None:
        return find_by_name(DOCUMENT_FORMATS, name)
    request.negotiated = True
    return HTML if prefers_html(request.header(b"accept"), JSON.media_type) else JSON


def find_by_name(offered: Sequence[F], name: str) -> F:
    """The format of this name.

    Raises:
        NotAcceptable: there is none.
    """
    for one in offered:
        if one.name == name:
            return one
    raise NotAcceptable(f"There is no format {quote(name)} here; ask for ?format= one of {_list_names(offered)}.")


def find_by_accept(offered: Sequence[F], accept: str) -> F:
    """The format that an `Accept` header likes best; on equal quality the first.

    Raises:
        NotAcceptable: none is acceptable.
    """
    if not accept:
        return offered[0]
    weights = parse_weights(accept)
    best = max(offered, key=lambda one: weigh(one.media_type, weights))
    if weigh(best.media_type, weights) <= 0:
        types = ", ".join(one.media_type for one in offered)
        raise NotAcceptable(
            f"Nothing here fits Accept: {quote(accept)}; accept one of {types}, or ask for ?format= one of "
            f"{_list_names(offered)}."
        )
    return best


def choose_coding(headers: Headers) -> str:
    """The content coding of a text representation, by `Accept-Encoding`.

    A part (`Range`) is always one of the bytes without coding. On equal quality: zstd, then gzip.
    """
    accepted = read_header(headers, b"accept-encoding")
    if not accepted or b"range" in [name for name, _ in headers]:
        return IDENTITY
    return _cached_coding(accepted) if len(accepted) <= LONGEST_CACHED else _choose_coding(accepted)


def _choose_coding(accept_encoding: str) -> str:
    weights = parse_weights(accept_encoding)
    anything = weights.get("*", 0.0)
    best = max(CODINGS, key=lambda name: weights.get(name, anything))
    quality = weights.get(best, anything)
    return best if quality > 0 and quality >= weights.get(IDENTITY, 0.0) else IDENTITY


_cached_coding = lru_cache(maxsize=256)(_choose_coding)


def _list_names(offered: Sequence[MediaFormat]) -> str:
    return ", ".join(one.name for one in offered)
