"""Readers: programs that take an epoch of training batches from a server, as fast or as slowly as they like."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import pyarrow as pa

from benchmarks.server import HOST, PATIENCE

BATCHES = "/v1/datasets/mnist/train/batches"

BUFFER = 1 << 20
"""Bytes that are read from a socket at a time."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One epoch, or a rank's part of it."""

    batch_size: int
    number: int = 0
    seed: int = 0
    rank: int = 0
    world_size: int = 1

    @property
    def path(self) -> str:
        """The URL of all its steps as one Arrow stream."""
        names = ("batch_size", "seed", "rank", "world_size")
        query = "&".join(f"{name}={getattr(self, name)}" for name in names)
        return f"{BATCHES}?{query}&epoch={self.number}&steps=all&format=arrow"


def arrow_samples(port: int, epoch: Epoch) -> int:
    """Read an epoch's record batches with pyarrow over the standard library's HTTP; the number of samples."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    connection.request("GET", epoch.path)
    response = connection.getresponse()
    if response.status != HTTPStatus.OK:
        raise RuntimeError(f"{response.status} for {epoch.path}: {response.read()!r}")
    try:
        with pa.ipc.open_stream(response) as stream:
            return sum(batch.num_rows for batch in stream)
    finally:
        connection.close()


def raw_bytes(port: int, path: str) -> int:
    """Read an answer from the socket and look at nothing; the number of bytes."""
    buffer, size = bytearray(BUFFER), 0
    with asked(port, path) as connection:
        while read := connection.recv_into(buffer):
            size += read
    return size


@contextmanager
def asked(port: int, path: str) -> Iterator[socket.socket]:
    """A connection on which a request was sent, and that the server closes after its answer."""
    with socket.create_connection((HOST, port), timeout=PATIENCE) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        yield connection


def together(tasks: list[Callable[[], int]]) -> list[float]:
    """Seconds that each task took, all begun at once, in a thread each (reading a socket lets other threads run)."""
    gate, spent = threading.Barrier(len(tasks)), [0.0] * len(tasks)

    def one(number: int, task: Callable[[], int]) -> None:
        gate.wait()
        began = time.perf_counter()
        task()
        spent[number] = time.perf_counter() - began

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return spent


def hold(port: int, path: str, *, readers: int, seconds: float) -> None:
    """Keep so many answers waiting: every reader takes a kilobyte ten times a second."""
    with ExitStack() as stack:
        connections = [stack.enter_context(asked(port, path)) for _ in range(readers)]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for connection in connections:
                connection.recv(1_000)
            time.sleep(0.1)


def samples_one_by_one(port: int, *, seconds: float) -> float:
    """Samples a second of a loop that asks for each as JSON, on one connection."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    began, number = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds:
        connection.request("GET", f"/v1/datasets/mnist/train/samples/{number}")
        connection.getresponse().read()
        number += 1
    connection.close()
    return number / spent
