"""The memory of answers: of the real server, with slow readers and hasty clients of the heaviest ones."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus

import pytest

from benchmarks.readers import asked
from benchmarks.server import Cores, Server, service

READERS = 64

ANSWERS_BYTES = 240
"""Megabytes of the setting, as it is by default."""

BESIDE = 60
"""Megabytes that answers may take besides, as docs/operating.md says: the allocator's, and of short answers."""

ASKED = 60
"""Short requests that are answered while the readers wait."""

TRAIN = "/v1/datasets/mnist/train"
HEAVIEST = {
    "batch, JSON": f"{TRAIN}/batches?batch_size=8192&scale=standard&format=json&seed={{}}",
    "batch, NPZ": f"{TRAIN}/batches?batch_size=8192&scale=standard&format=npz&seed={{}}",
    "rows, CSV": f"{TRAIN}/rows?limit=1000&scale=standard&format=csv&seed={{}}",
    "rows, Parquet": f"{TRAIN}/rows?limit=10000&scale=standard&format=parquet&seed={{}}",
    "sheet, WebP": f"{TRAIN}/grid.webp?limit=10000&seed={{}}",
}


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, float]]:
    """A server, and the megabytes that it holds at rest."""
    with service(Cores.found().server, encoder_wait_seconds=2) as running:
        assert running.ask(f"{TRAIN}/rows").status == HTTPStatus.OK
        yield running, running.memory().resident


@pytest.mark.parametrize("name", HEAVIEST)
def test_slow_readers_of_the_heaviest_answers_take_no_more_memory_than_operators_are_told(
    server: tuple[Server, float], name: str
) -> None:
    running, rest = server
    running.forget_peak()
    with ExitStack() as stack:
        readers = [stack.enter_context(asked(running.port, HEAVIEST[name].format(seed))) for seed in range(READERS)]
        assert {status_of(reader) for reader in readers[:1]} == {200}
        for number in range(ASKED):
            assert running.ask(f"{TRAIN}/samples/{number}.png").status == HTTPStatus.OK
        assert running.memory().peak - rest < ANSWERS_BYTES + BESIDE
    while taken(running) > 0:
        assert running.ask("/livez").status == HTTPStatus.OK
    running.forget_peak()


def status_of(reader: socket.socket) -> int:
    """The status of the answer that a reader gets."""
    return int(reader.recv(16).split()[1])


def taken(running: Server) -> int:
    """Encodings that run or wait."""
    text = running.ask("/metrics").body.decode()
    return sum(
        int(float(value)) for value in re.findall(r"^digits_encoder_(?:running|waiting) (\S+)", text, re.MULTILINE)
    )
