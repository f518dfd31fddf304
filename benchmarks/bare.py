"""The bare application: the least that this server can do. `/{status}/{size}` is answered with so many bytes.

`/{status}/{size}/{fields}` has so many header fields besides, as long as the service's are.
"""

from functools import lru_cache

from starlette.types import Message, Receive, Scope, Send

Answer = tuple[Message, Message]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a constant body."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    start, body = answer(scope["path"])
    await send({**start})
    await send(body)


@lru_cache
def answer(path: str) -> Answer:
    """What is sent for a path; made once."""
    status, size, *fields = map(int, path.strip("/").split("/"))
    headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % size)] if size else []
    headers += [(b"x-field-%04d-of-bare" % number, b"v" * 40) for number in range(sum(fields))]
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": bytes(size)},
    )
