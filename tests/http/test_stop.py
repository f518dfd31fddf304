"""How a server stops: signals to processes of their own, and what their clients see."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from service.http.lifecycle import Lifecycle
from service.http.problems import Overloaded
from tests import sites
from tests.http import wire
from tests.processes import SERVE, RunningServer, run_server

HALF_BODY = b"POST /v1/datasets/mnist/train/take HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nhalf"
HALF_HEAD = b"GET /v1/datasets HTTP/1.1\r\nHost"
LONG = b"GET /v1/datasets/mnist/train/batches?batch_size=64&steps=%d&format=ndjson HTTP/1.1\r\nHost: h\r\n\r\n"
"""A stream that fits into no buffer: 120 kB a step."""


GRID = b"GET /v1/datasets/mnist/train/grid.webp?offset=%d&limit=9000 HTTP/1.1\r\nHost: h\r\n\r\n"
"""A picture of 7 megapixels: more than a second of work."""


@contextmanager
def serving(**settings: object) -> Iterator[tuple[sites.Site, RunningServer]]:
    """The command as a process of its own, with settings."""
    variables = {f"DIGITS_{name.upper()}": str(value) for name, value in settings.items()}
    with run_server([sys.executable, *SERVE], environment={**os.environ, **variables}) as running:
        yield sites.Site(running.url), running


def ask(stack: ExitStack, site: sites.Site, data: bytes) -> socket.socket:
    """Send data on a new connection."""
    connection = stack.enter_context(wire.connect(site))
    connection.sendall(data)
    return connection


def ask_last(site: sites.Site) -> None:
    """Ask for something, so that the server has read what was sent before."""
    assert site.get("/livez").status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_with_0(number: signal.Signals) -> None:
    with serving() as (site, running), ExitStack() as stack:
        idle = stack.enter_context(wire.connect(site))
        ask_last(site)
        running.process.send_signal(number)
        assert wire.receive(idle) == b""
        assert running.process.wait(20) == 0


def test_a_server_that_drains_is_not_ready_and_still_answers_and_a_second_signal_ends_it() -> None:
    with serving(drain_seconds=60) as (site, running):
        assert site.get("/readyz").status == 200
        running.process.send_signal(signal.SIGTERM)
        readiness = site.get("/readyz")
        assert (readiness.status, readiness["Retry-After"]) == (503, "1")
        assert readiness.json["type"] == "/problems/unavailable"
        for target in ("/livez", "/v1/datasets/mnist/train/samples/1.png"):
            answer = site.get(target)
            assert (answer.status, answer["Connection"]) == (200, "close")
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 128 + signal.SIGTERM


def test_a_server_that_has_drained_stops() -> None:
    with serving(drain_seconds=0.5) as (_, running):
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0


def test_every_encoding_that_waits_is_answered_and_does_not_hold_the_end() -> None:
    with serving(stop_seconds=2, encoder_wait_seconds=1_000) as (site, running), ExitStack() as stack:
        connections = [ask(stack, site, GRID % number) for number in range(40)]
        ask_last(site)
        running.process.send_signal(signal.SIGTERM)
        answers = [wire.split(wire.receive(connection)) for connection in connections]
        assert running.process.wait(20) == 0
    assert {len(one) for one in answers} == {1}
    statuses = {one.status for (one,) in answers}
    assert 503 in statuses
    assert statuses <= {200, 503}
    for (answer,) in answers:
        assert answer["Connection"] == "close"
        if answer.status == 503:
            assert answer["Content-Type"] == "application/problem+json"
            assert answer["Retry-After"]


@pytest.mark.parametrize("data", [HALF_BODY, HALF_HEAD])
def test_half_a_request_is_refused_and_does_not_hold_the_end(data: bytes) -> None:
    with serving(stop_seconds=60) as (site, running), ExitStack() as stack:
        connection = ask(stack, site, data)
        ask_last(site)
        running.process.send_signal(signal.SIGTERM)
        (answer,) = wire.split(wire.receive(connection))
        assert running.process.wait(20) == 0
    assert (answer.status, answer["Connection"]) == (503, "close")
    assert answer.json["type"] == "/problems/unavailable"


def test_the_rest_of_a_request_that_comes_in_time_is_answered() -> None:
    body = b'{"indices": [1, 2]}'
    head = b"POST /v1/datasets/mnist/train/take HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    with serving(stop_seconds=60) as (site, running), ExitStack() as stack:
        connection = ask(stack, site, head + b"Content-Length: %d\r\n\r\n" % len(body))
        idle = stack.enter_context(wire.connect(site))
        ask_last(site)
        running.process.send_signal(signal.SIGTERM)
        assert wire.receive(idle) == b""  # the end has begun
        connection.sendall(body)
        (answer,) = wire.split(wire.receive(connection))
        assert running.process.wait(20) == 0
    assert (answer.status, answer["Connection"]) == (200, "close")


def test_a_stream_under_way_is_finished() -> None:
    with serving(stop_seconds=60) as (site, running), ExitStack() as stack:
        connection = ask(stack, site, LONG % 100)
        start = connection.recv(1_000)
        running.process.send_signal(signal.SIGTERM)
        received = start + wire.receive(connection)
        assert running.process.wait(20) == 0
    assert received.endswith(b"\r\n0\r\n\r\n")
    assert received.count(b'"label"') >= 6_400 or len(received) > 10_000_000


def test_a_stream_that_nobody_reads_ends_after_the_time_that_is_set() -> None:
    with serving(stop_seconds=1) as (site, running), ExitStack() as stack:
        connection = ask(stack, site, LONG % 900)
        assert connection.recv(1_000)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0
    messages = [running.messages.get() for _ in range(running.messages.qsize())]
    assert not [line for line in messages if "Traceback" in line or "Exception" in line]


def test_a_lifecycle_calls_back_once_when_the_server_stops() -> None:
    lifecycle, calls = Lifecycle(), []
    lifecycle.when_stopping(lambda: calls.append("stop"))
    lifecycle.check_ready()
    lifecycle.drain()
    assert (lifecycle.ready, lifecycle.stopping, calls) == (False, False, [])
    with pytest.raises(Overloaded):
        lifecycle.check_ready()
    lifecycle.stop()
    lifecycle.stop()
    assert (lifecycle.ready, lifecycle.stopping, calls) == (False, True, ["stop"])
