"""The bare application: the least that this server can do. `/{status}/{size}` is answered with so many bytes.

`/{status}/{size}/{fields}` has so many header fields besides, as long as the service's are, and
`/{status}/{size}/{fields}/{piece}` sends the body in pieces of so many bytes.
"""

import os
from functools import lru_cache

from starlette.types import Message, Receive, Scope, Send

Answer = tuple[Message, list[Message]]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a constant body."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    start, pieces = answer(scope["path"])
    await send({**start})
    for piece in pieces:
        await send(piece)


@lru_cache
def answer(path: str) -> Answer:
    """What is sent for a path; made once."""
    status, size, fields, length = map(int, [*path.strip("/").split("/"), "0", "0"][:4])
    headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % size)] if size else []
    headers += [(b"x-field-%04d-of-bare" % number, b"v" * 40) for number in range(fields)]
    body = os.urandom(size)  # zeros would all be one page of memory, which is always in the fastest cache
    pieces = [body[start : start + length] for start in range(0, size, length)] if length else [body]
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        [
            {"type": "http.response.body", "body": piece, "more_body": number < len(pieces)}
            for number, piece in enumerate(pieces, start=1)
        ],
    )
