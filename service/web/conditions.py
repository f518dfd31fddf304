"""Conditional and range requests: RFC 9110, sections 13 and 14."""

import re

from service.web.problems import OutsideFile

TAG = re.compile(r'(?:W/)?("[^"]*")')
"""One entity tag in a list."""

RANGE = re.compile(r"bytes\s*=\s*(?:(\d{1,40})-(\d{1,40})?|-(\d{1,40}))\s*")
"""One byte range: closed, open or suffix; some clients write 2^64-1 where they mean the end."""

SEVERAL = re.compile(r"bytes\s*=[\s\d,-]*\d[\s\d,-]*,[\s\d,-]*")
"""Several byte ranges."""


def matches(if_none_match: str, etag: str) -> bool:
    """Whether `If-None-Match` names an entity tag; compared weakly, as section 13.1.2 asks."""
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or etag in TAG.findall(if_none_match)


def byte_range(asked: str, if_range: str, etag: str, size: int) -> range | None:
    """The bytes that a `Range` header asks for; None for the whole file.

    The whole file is also the answer to a unit other than bytes, to several ranges (section 14.2 leaves that to the
    server), and where `If-Range` names another file; an end past the file is cut to it, as section 14.1.2 asks.

    Raises:
        OutsideFile: the range is malformed or holds no byte of the file.
    """
    if not asked or not asked.lower().startswith("bytes") or (if_range and if_range.strip() != etag):
        return None
    asked = asked.lower()
    if SEVERAL.fullmatch(asked):
        return None
    found = RANGE.fullmatch(asked)
    if not found:
        raise OutsideFile(asked, size)
    first, last, suffix = found.groups()
    if suffix is not None:
        part = range(max(0, size - int(suffix)), size)
    else:
        part = range(int(first), min(size, int(last) + 1) if last else size)
    if not part or (last and int(last) < int(first)):
        raise OutsideFile(asked, size)
    return part
