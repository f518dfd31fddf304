"""A bare ASGI application whose answers tell what it received."""

import json
from typing import Any

from starlette.types import Message, Receive, Scope, Send

PARTS = (b"first\n", b"second\n", b"")
"""What `/parts` answers, in pieces and without a length."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `/parts` with PARTS, and everything else with the request itself as JSON."""
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    body = await read(receive)
    if scope["path"] == "/parts":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in PARTS:
            await send({"type": "http.response.body", "body": part, "more_body": bool(part)})
        return
    told = json.dumps(describe(scope, body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(told))]})
    await send({"type": "http.response.body", "body": told})


async def live(receive: Receive, send: Send) -> None:
    """Start and stop as the server says."""
    message: Message = {"type": ""}
    while message["type"] != "lifespan.shutdown":
        message = await receive()
        await send({"type": f"{message['type']}.complete"})


async def read(receive: Receive) -> bytes:
    """The whole body."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def describe(scope: Scope, body: bytes) -> dict[str, Any]:
    """A request as values of JSON."""
    return {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode(),
        "scheme": scope["scheme"],
        "client": scope["client"][0],
        "fields": [name.decode() for name, _ in scope["headers"]],
        "body": body.decode(),
    }
