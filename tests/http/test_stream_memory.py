"""The memory of streams: of the real server, held by real readers that are slower than it."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from benchmarks.readers import BATCHES, asked
from benchmarks.server import Cores, Server, service

READERS = 32

MOST = 1.5
"""Megabytes that a stream may hold, as docs/operating.md says. A batch of 8,192 images takes 6.4, or scaled 25.7."""

TURNS = 100
"""Requests during each of which every stream makes a piece, until the buffers of its socket are full."""

READ = 2_000_000
"""Bytes that a reader takes, so that its stream is in the middle of a batch."""

KINDS = ("format=arrow", "format=arrow&scale=unit", "format=ndjson", "format=ndjson&scale=unit")


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, float]]:
    """A server that has answered streams of every kind before, and the megabytes that it held then."""
    with service(Cores.found().server) as running:
        for kind in KINDS:
            assert running.ask(f"{BATCHES}?batch_size=8192&steps=2&{kind}").status == 200
        yield running, running.memory().resident


@pytest.mark.parametrize("batch_size", [64, 8192])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_holds_no_more_memory_than_operators_are_told(
    server: tuple[Server, float], kind: str, batch_size: int
) -> None:
    running, before = server
    running.forget_peak()
    with ExitStack() as stack:
        paths = [f"{BATCHES}?batch_size={batch_size}&steps=all&{kind}&epoch={epoch}" for epoch in range(READERS)]
        readers = [stack.enter_context(asked(running.port, path)) for path in paths]
        for size in (1, READ):
            for reader in readers:
                assert len(read(reader, size)) == size
            for _ in range(TURNS):
                assert running.ask("/livez").status == 200
        assert running.memory().peak - before < READERS * MOST


def read(reader: socket.socket, size: int) -> bytes:
    """Read so many bytes, or as many as there are until the end."""
    whole = bytearray()
    while len(whole) < size and (piece := reader.recv(min(size - len(whole), 65_536))):
        whole += piece
    return bytes(whole)
