"""A proxy of TCP that does to connections what bad networks do; it repeats and invents nothing."""

import asyncio
import socket
import struct
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from tests.sites import Site

Kind = Literal[
    "cut",  # the end of the connection, as a process leaves one that has ended
    "reset",  # a reset
    "half-close",  # the end of what the server sends, while what the client sends is still read
    "silence",  # nothing more comes, and the connection stays open
    "pause",  # nothing for a while
    "drip",  # from here on a few bytes at a time
    "refuse",  # the connection is closed before anything is read
]

PAUSE = 0.05
"""Seconds of a pause."""

DRIP = 97
"""Bytes at a time."""

DRIPPED = 20_000
"""Bytes that come so, before the rest comes as usual."""


@dataclass(frozen=True)
class Wound:
    """What happens to a connection after so many bytes from the server."""

    kind: Kind
    after: int = 0


class CuttingProxy:
    """Connections to a server, of which each meets the next wound; later ones meet none."""

    def __init__(self, target: tuple[str, int], wounds: Iterable[Wound]) -> None:
        """Pass connections on to `target`, an address and a port."""
        self.target = target
        self.connections = 0
        self.url = ""
        self._wounds = iter(wounds)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, listening: threading.Event, ended: asyncio.Event) -> None:
        """Listen on a free port of loopback until the end."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        listening.set()
        await ended.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.connections += 1
        wound = next(self._wounds, None)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if wound is None or wound.kind != "refuse":
                await self._pass(reader, writer, wound)
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of the ends has gone
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _pass(self, reader: StreamReader, writer: StreamWriter, wound: Wound | None) -> None:
        from_server, to_server = await asyncio.open_connection(*self.target)
        requests = asyncio.create_task(copy(reader, to_server))
        try:
            await self._pass_answers(from_server, writer, wound, requests)
        finally:
            requests.cancel()
            to_server.close()
            with suppress(asyncio.CancelledError, OSError):
                await requests

    async def _pass_answers(
        self, source: StreamReader, writer: StreamWriter, wound: Wound | None, requests: asyncio.Task[None]
    ) -> None:
        """Pass on what the server sends, and hurt the connection once."""
        if wound is not None:
            left = wound.after
            while left and (content := await source.read(min(left, 65_536))):
                await send(writer, content)
                left -= len(content)
            if not await hurt(wound.kind, source, writer, requests):
                return
        answers = asyncio.create_task(copy(source, writer))
        await asyncio.wait([answers, requests], return_when=asyncio.FIRST_COMPLETED)
        answers.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await answers


async def hurt(kind: Kind, source: StreamReader, writer: StreamWriter, requests: asyncio.Task[None]) -> bool:
    """Do what is to be done to a connection, and say whether to go on."""
    match kind:
        case "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        case "half-close":
            writer.write_eof()
            await requests  # until the client closes the connection
        case "silence":
            await requests
        case "pause":
            await asyncio.sleep(PAUSE)
            return True
        case "drip":
            for _ in range(0, DRIPPED, DRIP):
                await send(writer, await source.read(DRIP))
            return True
    return False


async def copy(source: StreamReader, writer: StreamWriter) -> None:
    """Pass on everything until the end."""
    while content := await source.read(65_536):
        await send(writer, content)


async def send(writer: StreamWriter, content: bytes) -> None:
    """Send, and wait for room."""
    writer.write(content)
    await writer.drain()


@contextmanager
def cutting(site: Site, wounds: Iterable[Wound]) -> Iterator[CuttingProxy]:
    """A proxy before a server, in a thread of this process."""
    place = urlsplit(site.url)
    assert place.port is not None
    proxy = CuttingProxy((str(place.hostname), place.port), wounds)
    loop, listening, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(proxy.serve(listening, ended),))
    thread.start()
    try:
        assert listening.wait(30)
        yield proxy
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(30)
        loop.close()
