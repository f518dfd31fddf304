"""Conditional and range requests: RFC 9110, sections 13 and 14."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from service import __released__
from service.errors import quote
from service.http.problems import OutsideFile, PreconditionFailed
from service.http.request import Headers, read_header

RELEASED = datetime.fromisoformat(__released__).replace(tzinfo=UTC)
"""When the bytes of this release came to be."""

LAST_MODIFIED = format_datetime(RELEASED, usegmt=True)
"""The value of `Last-Modified`, the same for all data."""

CONDITIONS = frozenset({b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"})
"""Headers that make a request conditional."""

TAG = re.compile(r'(W/)?("[^"]*")')
"""One entity tag in a list, weak or strong."""

LONGEST_NUMBER = 40
"""Digits of a position; some clients write 2^64-1 where they mean the end."""


def is_unmodified(headers: Headers, etag: str) -> bool:
    """Whether the client has the representation already, so that the answer is 304; decided as section 13.2.2 asks.

    Raises:
        PreconditionFailed: `If-Match` or `If-Unmodified-Since` does not hold.
    """
    found = {name for name, _ in headers if name in CONDITIONS}
    if not found:
        return False
    if b"if-match" in found:
        if_match = read_header(headers, b"if-match")
        if not _names(if_match, etag, weakly=False):
            raise PreconditionFailed(f"If-Match: {quote(if_match)} does not name the present entity tag, {etag}.")
    elif not _is_current(read_header(headers, b"if-unmodified-since"), otherwise=True):
        raise PreconditionFailed(f"If-Unmodified-Since is before the last modification, {LAST_MODIFIED}.")
    if b"if-none-match" in found:
        return _names(read_header(headers, b"if-none-match"), etag, weakly=True)
    return _is_current(read_header(headers, b"if-modified-since"), otherwise=False)


def _names(condition: str, etag: str, *, weakly: bool) -> bool:
    """Whether a list of entity tags names this one."""
    tags = TAG.findall(condition)
    return condition.strip() == "*" or any(tag == etag for weak, tag in tags if weakly or not weak)


def _is_current(date: str, *, otherwise: bool) -> bool:
    """Whether nothing was modified after a date; `otherwise` where there is no valid one, as section 13.1.3 asks."""
    if not date:
        return otherwise
    try:
        parsed = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return otherwise
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)) >= RELEASED


def select_range(headers: Headers, etag: str, size: int) -> range | None:
    """The bytes that a `Range` header asks for; None for the whole representation.

    The whole is also the answer to a unit other than bytes, to several ranges (section 14.2 leaves that to the
    server), and where `If-Range` is not this very entity tag. An end past the last byte is cut to it, as section
    14.1.2 asks.

    Raises:
        OutsideFile: the range is malformed or holds no byte.
    """
    unit, _, text = read_header(headers, b"range").lower().partition("=")
    if_range = read_header(headers, b"if-range").strip()
    if not unit.startswith("bytes") or "," in text or (if_range and if_range != etag):
        return None
    first, dash, last = text.strip().partition("-")
    part = _parse_range(first, last, size) if dash and unit.strip() == "bytes" else None
    if not part:
        raise OutsideFile(f"{unit}={text}", size)
    return part


def _parse_range(first: str, last: str, size: int) -> range | None:
    """The bytes from `first` to `last`, or the `last` ones of all; None where these are no numbers or in no order."""
    if not all(
        number.isdecimal() and number.isascii() and len(number) <= LONGEST_NUMBER
        for number in (first or "0", last or "0")
    ):
        return None
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(size, int(last) + 1) if last else size)
