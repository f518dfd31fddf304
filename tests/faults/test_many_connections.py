"""More connections than usual: idle ones by the thousand, more than descriptors, and readers that do not read."""

import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from service.settings import Settings
from tests.faults.answers import receive_one
from tests.faults.corpus import get
from tests.faults.observe import assert_no_traceback, count_sockets, measure_memory, wait_for_rest
from tests.http import wire
from tests.processes import SERVE, RunningServer, run_server
from tests.sites import Site

LEAST_FREE = 2_000
"""Descriptors that the test and the server need besides connections."""

PER_IDLE = 25_000
"""Bytes of memory that an idle connection may take."""

LIGHT = ("/livez", "/v1/datasets/mnist/train/samples/3.png", "/v1/datasets/digits/all/rows?limit=5")

NEVER_ASKED = ("/v1/datasets/mnist/train/labels", "/v1/datasets/mnist/test/statistics", "/openapi.json", "/docs")
"""What opens or imports something when it is asked for the first time."""

STREAM = get(target=b"/v1/datasets/mnist/train/batches?batch_size=8192&steps=all&scale=unit&format=arrow&seed=%d")


@contextmanager
def serve_with_descriptors(number: int) -> Iterator[RunningServer]:
    """A server that may have so many descriptors open."""
    bound = {"DIGITS_CONNECTIONS": str(number)} if "connections" in Settings.model_fields else {}
    settings = [f"{name}={value}" for name, value in bound.items()]
    with run_server(["env", *settings, "prlimit", f"--nofile={number}", sys.executable, *SERVE]) as server:
        yield server
        assert server.is_running


@pytest.fixture
def many_descriptors() -> Iterator[int]:
    """As many descriptors as the machine allows this process, during a test."""
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    yield most
    resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))


def open_idle(site: Site, stack: ExitStack, number: int) -> list[socket.socket]:
    """Connections on which one request was answered, from as many addresses of loopback as ports allow."""
    host, port = site.url.removeprefix("http://").split(":")
    idle = []
    for place in range(number):
        source = (f"127.0.0.{2 + place // 5_000}", 0)
        connection = socket.create_connection((host, int(port)), timeout=30, source_address=source)
        idle.append(stack.enter_context(connection))
        connection.sendall(get())
        assert receive_one(connection).status == 200
    return idle


@pytest.mark.slow
@pytest.mark.parametrize("number", [10_000])
def test_idle_connections_cost_little_and_hinder_nobody(many_descriptors: int, number: int) -> None:
    if number + LEAST_FREE > many_descriptors:
        pytest.skip(f"the machine allows {many_descriptors} descriptors")
    with serve_with_descriptors(number + LEAST_FREE) as server, ExitStack() as stack:
        site = Site(server.url)
        for target in LIGHT:
            assert site.get(target).status == 200
        rest, empty = count_sockets(server.process.pid), measure_memory(server.process.pid)
        idle = open_idle(site, stack, number)
        held = measure_memory(server.process.pid) - empty
        print(f"{number} idle connections take {held:.1f} MB, {held * 1e6 / number:.0f} bytes each")  # noqa: T201
        assert held * 1e6 < number * PER_IDLE + 5e6
        for target in LIGHT:
            assert site.get(target).status == 200
        for connection in (idle[0], idle[-1]):  # which are still open
            connection.sendall(get())
            assert receive_one(connection).status == 200
        stack.close()
        wait_for_rest(server, rest)
        assert_no_traceback(server)


def test_a_server_without_free_descriptors_recovers() -> None:
    """What is requested for the first time during the shortage may be refused, and must be answered afterwards."""
    with serve_with_descriptors(256) as server, ExitStack() as stack:
        site = Site(server.url)
        rest = count_sockets(server.process.pid)
        early = [stack.enter_context(wire.connect(site)) for _ in NEVER_ASKED]
        for connection in early:
            connection.sendall(get())
            assert receive_one(connection).status == 200
        for place in range(300):
            connection = stack.enter_context(wire.connect(site))
            connection.settimeout(0.05 if place > 200 else 30)
            try:
                connection.sendall(get())
                receive_one(connection)
            except (OSError, EOFError):  # it waits for a descriptor, or was refused
                continue
        for connection, target in zip(early, NEVER_ASKED, strict=True):
            try:
                connection.sendall(get(target=target.encode()))
                assert receive_one(connection).status in (200, 503)
            except (OSError, EOFError):  # it was closed as the one that was idle for longest
                continue
        stack.close()
        wait_for_rest(server, rest)
        for target in (*LIGHT, *NEVER_ASKED):
            assert site.get(target).status == 200, target
        assert_no_traceback(server)


def test_readers_that_do_not_read_hinder_nobody_and_leave_nothing(victim: RunningServer) -> None:
    site = Site(victim.url)
    for target in LIGHT:
        assert site.get(target).status == 200
    rest, empty = count_sockets(victim.process.pid), measure_memory(victim.process.pid)
    with ExitStack() as stack:
        for number in range(32):
            connection = stack.enter_context(wire.connect(site))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.sendall(STREAM % number)
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        for target in LIGHT:
            assert site.get(target).status == 200
        held = measure_memory(victim.process.pid) - empty
        print(f"32 readers that do not read take {held:.0f} MB")  # noqa: T201
        assert held < 300
    wait_for_rest(victim, rest)
    assert_no_traceback(victim)
