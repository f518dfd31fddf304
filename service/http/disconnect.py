"""Disconnection: work for a client ends when the client has gone."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def run_for_client(receive: Receive, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of `work`, which is cancelled when the client disconnects.

    Raises:
        ClientDisconnect: the client has gone.
    """
    task, client = asyncio.ensure_future(work()), asyncio.ensure_future(wait_for_disconnect(receive))
    left = False

    def leave(client: asyncio.Future[None]) -> None:
        nonlocal left
        if not client.cancelled() and client.exception() is None:
            left = task.cancel()

    client.add_done_callback(leave)
    try:
        return await task
    except asyncio.CancelledError:
        if left:
            raise ClientDisconnect from None
        raise
    finally:
        client.cancel()
