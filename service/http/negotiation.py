"""Content negotiation (RFC 9110, section 12): which representation, and which content coding."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

from service.errors import quote
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
    best = max(offered, key=lambda one: _weigh(one.media_type, weights))
    if _weigh(best.media_type, weights) <= 0:
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


def parse_weights(header: str) -> dict[str, float]:
    """The members of an `Accept…` header in lower case, each with its quality; malformed members are left out.

    Parameters of a media range other than `q` are ignored, because no format here has any: `application/json;
    charset=utf-8` means `application/json`.
    """
    weights: dict[str, float] = {}
    for member in header.lower().split(","):
        value, *parameters = (part.strip() for part in member.split(";"))
        quality = _parse_quality(parameters)
        if value and quality is not None:
            weights[value] = max(quality, weights.get(value, 0.0))
    return weights


def _parse_quality(parameters: Sequence[str]) -> float | None:
    """The weight among the parameters of a member, 1 without one; None where it is no number from 0 to 1."""
    text = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        quality = float(text)
    except ValueError:
        return None
    return quality if 0 <= quality <= 1 else None


def _weigh(media_type: str, weights: dict[str, float]) -> float:
    """The quality of the most specific range that covers a media type; 0 where none does."""
    family = media_type.partition("/")[0] + "/*"
    return next((weights[one] for one in (media_type, family, "*/*") if one in weights), 0.0)


def _list_names(offered: Sequence[MediaFormat]) -> str:
    return ", ".join(one.name for one in offered)
