"""Reading the body of a request, up to a bound."""

from service.errors import quote
from service.http.problems import BodyTooLarge, UnsupportedBody
from service.http.request import ApiRequest

LONGEST_DISCARDED = 16_000_000
"""Bytes beyond the bound that are read and discarded before the connection is closed: a client that still sends would
not read the answer."""


async def read_body(request: ApiRequest, *, most: int, advice: str) -> bytes:
    """The body of a request; `advice` says what to do if it is too long.

    Raises:
        UnsupportedBody: the body is compressed.
        BodyTooLarge: it is longer than `most` bytes.
    """
    coding = request.header(b"content-encoding").strip().lower()
    if coding not in ("", "identity"):
        raise UnsupportedBody(f"The body has the content coding {quote(coding)}; send it without one.")
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size <= most:
            pieces.append(piece)
        elif size > LONGEST_DISCARDED:
            break
    if size > most:
        unread = size > LONGEST_DISCARDED
        raise BodyTooLarge(f"The body is longer than {most} bytes; {advice}.", unread=unread)
    return b"".join(pieces)
