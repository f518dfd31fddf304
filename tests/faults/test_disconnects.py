"""Clients that leave at every stage of a request and of its answer: nothing of them is left in the server."""

import socket
import struct
from collections.abc import Callable

import pytest

from tests.faults.corpus import BODY, SIZED, TAKE, get
from tests.faults.observe import (
    assert_no_traceback,
    count_sockets,
    count_threads,
    list_descriptors,
    measure_memory,
    wait_for_rest,
)
from tests.http import wire
from tests.processes import RunningServer
from tests.sites import Site

MANY = 10
"""Clients that leave at a stage."""

STREAM = get(target=b"/v1/datasets/mnist/test/batches?batch_size=256&steps=all&format=ndjson&scale=unit")
FILE = get(target=b"/v1/datasets/mnist/test.npz")
SHEET = get(target=b"/v1/datasets/digits/all/grid.png?limit=1500&scale=4&seed=%d")
PAGE = get(target=b"/v1/datasets/mnist/test/rows?limit=1000&offset=%d")

Stage = Callable[[socket.socket, int], None]


def send(content: bytes) -> Stage:
    """Send something, of which a number may be a part, and leave."""

    def act(connection: socket.socket, number: int) -> None:
        connection.sendall(content % number if b"%d" in content else content)

    return act


def read(content: bytes, size: int) -> Stage:
    """Send a request, read so many bytes of its answer, and leave."""

    def act(connection: socket.socket, number: int) -> None:
        send(content)(connection, number)
        left = size
        while left and (received := len(connection.recv(left))):
            left -= received

    return act


STAGES: dict[str, Stage] = {
    "before the head": lambda *_: None,
    "in the head": send(b"GET /v1/datasets/mn"),
    "in a field": send(b"GET / HTTP/1.1\r\nHost: h\r\nX: "),
    "after the head of a body": send(TAKE + SIZED + b"\r\n"),
    "in the body": send(TAKE + SIZED + b"\r\n" + BODY[:7]),
    "before 100 Continue is read": send(TAKE + SIZED + b"Expect: 100-continue\r\n\r\n"),
    "in a chunk": send(TAKE + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"),
    "after the request for a page": send(PAGE),
    "after the request for a picture": send(SHEET),
    "after the request for a file": send(FILE),
    "after the request for a stream": send(STREAM),
    "after many requests": send(get() * 50 + STREAM),
    "in the head of the answer": read(STREAM, 30),
    "after the head of the answer": read(STREAM, 700),
    "in the stream": read(STREAM, 400_000),
    "in the file": read(FILE, 100_000),
    "between two answers": read(get() + STREAM, 1_000),
}


@pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
@pytest.mark.parametrize("stage", STAGES)
def test_clients_that_leave_are_forgotten(victim: RunningServer, stage: str, *, reset: bool) -> None:
    site = Site(victim.url)
    assert site.get("/livez").status == 200
    rest = min(count_sockets(victim.process.pid) for _ in range(3))
    for number in range(MANY):
        with wire.connect(site) as connection:
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            STAGES[stage](connection, number)
    wait_for_rest(victim, rest)
    assert_no_traceback(victim)


@pytest.mark.parametrize("many", [MANY, pytest.param(300, marks=pytest.mark.slow)])
def test_what_clients_left_behind_does_not_grow(victim: RunningServer, many: int) -> None:
    site = Site(victim.url)
    pid = victim.process.pid
    held = []
    for _ in range(3):
        rest = count_sockets(pid)
        for stage in ("in the stream", "in the file", "after many requests", "in the body"):
            for number in range(many):
                with wire.connect(site) as connection:
                    STAGES[stage](connection, number)
        wait_for_rest(victim, rest)
        held.append((measure_memory(pid), len(list_descriptors(pid)), count_threads(pid)))
    (memory, descriptors, threads), last = held[0], held[-1]
    assert last[0] < memory + 15
    assert last[1] <= descriptors + 1
    assert last[2] <= threads + 1
