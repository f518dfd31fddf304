import asyncio
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http import connections
from service.http.admission import Admission, WaitingRequest
from service.http.connections import SPARE
from service.http.middleware import ANY_ORIGIN, EVERY_ANSWER, REQUEST_ID
from service.settings import Settings
from tests import sites
from tests.http import echo, wire
from tests.processes import SERVE, run_server

GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
HALF_BODY = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nhalf"
LAST = b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
"""A request that is always answered, and ends the connection."""


class FullAdmission(Admission):
    """As if too many requests were waiting all the time."""

    def take_place(self) -> bool:
        """None is free."""
        return False

    def enqueue(self, start: Callable[[], None]) -> WaitingRequest | None:  # noqa: ARG002
        """Refuse."""
        return None


class HeldAdmission(Admission):
    """As if it were never anybody's turn."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[WaitingRequest] = []

    def take_place(self) -> bool:
        """None is free."""
        return False

    def enqueue(self, start: Callable[[], None]) -> WaitingRequest:
        """Let the request wait for ever."""
        self.held.append(WaitingRequest(start, 0.0))
        return self.held[-1]


class App:
    """An application with an admission of its own."""

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self.app = app
        self.admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def full() -> Iterator[sites.Site]:
    """A server that can take no more requests."""
    with sites.serving(App(echo.app, FullAdmission())) as running:
        yield running


def assert_problem(answer: sites.Answer, status: int, kind: str, instance: str = "/a") -> None:
    assert answer.status == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Date"]
    assert answer["X-Request-ID"]
    for name, value in (*EVERY_ANSWER, *ANY_ORIGIN):
        assert answer[name.decode()] == value.decode()
    assert answer.json["type"] == f"/problems/{kind}"
    assert (answer.json["status"], answer.json["instance"]) == (status, instance)


# --- overload ---------------------------------------------------------------------------------------------------------


def test_a_request_too_many_is_refused_with_a_problem_and_the_connection_goes_on(full: sites.Site) -> None:
    head = b"GET /a?b=1 HTTP/1.1\r\nHost: h\r\nX-Request-ID: mine\r\n\r\n"
    *refused, last = wire.split(wire.exchange(full, head * 2_000 + LAST))
    assert len(refused) == 2_000
    for answer in refused[::500]:
        assert_problem(answer, 503, "unavailable")
        assert answer["Retry-After"] == "1"
        assert answer["X-Request-ID"] == "mine"
        assert answer.headers.get("Connection") is None
    assert (last.status, last.json["path"]) == (200, "/livez")


def test_a_refused_head_has_no_body(full: sites.Site) -> None:
    received = wire.exchange(full, b"HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 503 ")
    assert received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("given", [b"a b", b"x" * 500, b"\xe9", b"<b>"])
def test_a_refusal_repeats_no_identity_that_an_answer_would_not(full: sites.Site, given: bytes) -> None:
    head = b"GET /a HTTP/1.1\r\nHost: h\r\nX-Request-ID: " + given + b"\r\n\r\n"
    refused, _ = wire.split(wire.exchange(full, head + LAST))
    assert_problem(refused, 503, "unavailable")
    assert REQUEST_ID.fullmatch(refused["X-Request-ID"])


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_health_is_never_refused(full: sites.Site, path: str) -> None:
    assert full.get(path).json["path"] == path


@pytest.mark.parametrize(
    "body", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
)
def test_the_body_of_a_refused_request_is_dropped(full: sites.Site, body: bytes) -> None:
    post = b"POST /a HTTP/1.1\r\nHost: h\r\n" + body
    statuses = [answer.status for answer in wire.split(wire.exchange(full, post[:-3], post[-3:] + post + LAST))]
    assert statuses == [503, 503, 200]


def test_a_client_that_waits_for_100_is_told_not_to_send(full: sites.Site) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    (answer,) = wire.split(wire.exchange(full, head))
    assert (answer.status, answer["Connection"]) == (503, "close")


def test_only_pages_of_listed_origins_may_read_a_refusal() -> None:
    with sites.serving(App(echo.app, FullAdmission()), Settings(cors_origins=("https://a.example",))) as server:
        allowed = server.get("/a", {"Origin": "https://a.example"})
        other = server.get("/a", {"Origin": "https://b.example"})
    assert allowed["Access-Control-Allow-Origin"] == "https://a.example"
    assert allowed["Vary"] == other["Vary"] == "Origin"
    assert other.headers.get("Access-Control-Allow-Origin") is None


class FullAfterOne(FullAdmission):
    """As if many requests were waiting from the second one on."""

    starts = 1

    def take_place(self) -> bool:
        """One is free at first."""
        self.starts -= 1
        return self.starts == 0


def test_requests_that_were_sent_at_once_may_all_be_refused_after_an_answer() -> None:
    with sites.serving(App(echo.app, FullAfterOne())) as server:
        statuses = [answer.status for answer in wire.split(wire.exchange(server, GET * 2_000 + LAST))]
    assert statuses == [200, *[503] * 1_999, 200]


def test_a_refused_client_that_sends_on_is_not_reset(server: sites.Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it may lose the answer that says why."""
    monkeypatch.setattr(connections, "LINGER_SECONDS", 30)
    with wire.connect(server) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert wire.split(wire.receive(connection))[0].status == 400
        for _ in range(20):
            connection.sendall(bytes(20_000))


def send_on(connection: socket.socket) -> None:
    """Send a little again and again, for 30 seconds."""
    for _ in range(3_000):
        connection.sendall(b"x")
        time.sleep(0.01)


def test_a_refused_client_that_stays_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LINGER_SECONDS", 0.2)
    with sites.serving(echo.app, Settings(head_seconds=1)) as server, wire.connect(server) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert wire.split(wire.receive(connection))[0].status == 400
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            send_on(connection)


def test_where_no_connection_is_idle_they_are_not_looked_through_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        requests = 1
        looks = 0

        def find_wait(self) -> tuple[connections.Phase, object]:
            self.looks += 1
            return connections.Phase.WORK, None

        def time_out(self, phase: connections.Phase) -> None: ...

        def close_idle(self) -> None: ...

    async def main() -> None:
        busy, watch = Busy(), connections.Watch(connections.ConnectionBounds())
        watch.note(busy)
        assert [watch.make_room() for _ in range(5)] == [False] * 5
        assert busy.looks == 1

    monkeypatch.setattr(connections, "SEARCH_SECONDS", 10)
    asyncio.run(main())


def test_a_burst_of_many_clients_waits_and_is_answered(server: sites.Site) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(wire.connect(server)) for _ in range(200)]
        for connection in connections:
            connection.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert [wire.split(wire.receive(one))[0].status for one in connections] == [200] * 200


def test_a_request_that_waits_is_dropped_when_its_client_leaves() -> None:
    admission = HeldAdmission()
    with sites.serving(App(echo.app, admission)) as server:
        with wire.connect(server) as connection:
            connection.sendall(GET)
            while not admission.held:
                server.get("/livez")
        (request,) = admission.held
        for _ in range(1_000):  # each gives the server a turn
            server.get("/livez")
            if request.dropped:
                break
        assert request.dropped


# --- slow clients -----------------------------------------------------------------------------------------------------


def test_a_head_has_to_be_complete_in_time_however_slowly_it_comes() -> None:
    with sites.serving(echo.app, Settings(head_seconds=0.5)) as server, wire.connect(server) as connection:
        received = trickle(connection, GET[:-2] + b"X: " + b"x" * 10_000)
        (answer,) = wire.split(received)
    assert_problem(answer, 408, "request-timeout")
    assert answer["Connection"] == "close"


def test_a_connection_that_asks_nothing_is_closed() -> None:
    with sites.serving(echo.app, Settings(head_seconds=0.2)) as server, wire.connect(server) as connection:
        assert wire.receive(connection) == b""


def test_a_body_has_to_go_on() -> None:
    with sites.serving(echo.app, Settings(body_seconds=0.5)) as server, wire.connect(server) as connection:
        connection.sendall(HALF_BODY)
        (answer,) = wire.split(trickle(connection, b"x" * 4_000))
    assert_problem(answer, 408, "request-timeout")


def test_a_request_that_was_refused_while_it_waited_is_not_started() -> None:
    admission = HeldAdmission()
    with sites.serving(App(echo.app, admission), Settings(body_seconds=0.2)) as server, wire.connect(server) as client:
        client.sendall(HALF_BODY)
        (answer,) = wire.split(wire.receive(client))
        assert_problem(answer, 408, "request-timeout")
        assert [request.dropped for request in admission.held] == [True]


def test_a_slow_body_that_goes_on_is_read() -> None:
    part = b"x" * 5_000
    with sites.serving(echo.app, Settings(body_seconds=2)) as server, wire.connect(server) as connection:
        connection.sendall(b"POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 40000\r\n\r\n")
        for _ in range(8):
            time.sleep(0.3)
            connection.sendall(part)
        (answer,) = wire.split(wire.receive(connection))
    assert answer.json["body"] == part.decode() * 8


def test_a_body_that_the_application_does_not_read_yet_has_all_time() -> None:
    async def read_late(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(1.5)
        await echo.app(scope, receive, send)

    body = b"x" * 300_000  # more than the server receives before it is read
    head = b"POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n"
    with sites.serving(read_late, Settings(body_seconds=0.5)) as server:
        (answer,) = wire.split(wire.exchange(server, head + body))
    assert (answer.status, len(answer.json["body"])) == (200, len(body))


def test_a_body_that_stops_after_the_answer_ends_the_connection_without_a_second_answer() -> None:
    app = App(echo.app, FullAdmission())
    with sites.serving(app, Settings(keep_alive_seconds=1)) as server:
        answers = wire.split(wire.exchange(server, HALF_BODY))
    assert [answer.status for answer in answers] == [503]


def trickle(connection: socket.socket, data: bytes) -> bytes:
    """Send a byte every few milliseconds until the server answers, and return what it sends."""
    connection.settimeout(0.02)
    for place in range(len(data)):
        try:
            connection.sendall(data[place : place + 1])
            first = connection.recv(65_536)
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            return wire.receive(connection)
        connection.settimeout(30)
        connection.shutdown(socket.SHUT_WR)
        return first + wire.receive(connection)
    raise AssertionError("The server read on.")


class Endless:
    """An application that sends without an end, and notes when its client has left."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await echo.live(receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while not receive_cycle(receive).disconnected:
                await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        finally:
            self.ended.set()


def receive_cycle(receive: Receive) -> "Cycle":
    """The server's object behind `receive`, which tells whether the client has left."""
    return receive.__self__  # type: ignore[attr-defined,no-any-return]


class Cycle:
    """What uvicorn knows of a request and its answer."""

    disconnected: bool


def test_a_client_that_reads_nothing_is_disconnected() -> None:
    app = Endless()
    with sites.serving(app, Settings(write_seconds=0.5)) as server, wire.connect(server) as connection:
        connection.sendall(GET)
        assert app.ended.wait(20)


def test_a_client_that_reads_slowly_is_not() -> None:
    app = Endless()
    with sites.serving(app, Settings(write_seconds=2)) as server, slow_reader(server) as connection:
        connection.sendall(GET)
        for _ in range(10):
            time.sleep(0.3)
            assert connection.recv(20_000)
        assert not app.ended.is_set()


@contextmanager
def slow_reader(site: sites.Site) -> Iterator[socket.socket]:
    """A connection with a small window, as one over a slow line has, so that the server sees each part that is read."""
    place = urlsplit(site.url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(30)
        connection.connect((place.hostname, place.port))
        yield connection


# --- heads ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [102, 20_000])
def test_too_many_header_fields_are_refused_while_they_are_read(server: sites.Site, fields: int) -> None:
    (answer,) = wire.split(wire.exchange(server, b"GET /a HTTP/1.1\r\n" + b"a:\r\n" * fields))
    assert_problem(answer, 431, "headers-too-large")


def test_as_many_header_fields_as_are_allowed_are_read(server: sites.Site) -> None:
    head = b"GET /a HTTP/1.1\r\nConnection: close\r\n" + b"a:\r\n" * 99 + b"\r\n"
    (answer,) = wire.split(wire.exchange(server, head))
    assert len(answer.json["fields"]) == 100


def test_bounds_of_heads_can_be_set(tiny_bounds: sites.Site) -> None:
    assert tiny_bounds.get("/livez").status == 200
    assert_problem(tiny_bounds.get("/livez", {"X": "x" * 2_000}), 431, "headers-too-large", "/livez")
    assert_problem(tiny_bounds.get("/livez?" + "x" * 300), 414, "uri-too-long", "/livez")
    assert_problem(tiny_bounds.get("/livez", {f"X{n}": "" for n in range(20)}), 431, "headers-too-large", "/livez")


@pytest.fixture
def tiny_bounds() -> Iterator[sites.Site]:
    """A server that reads short heads only."""
    from service.app import create_app  # noqa: PLC0415 - the other tests need no application
    from tests import made  # noqa: PLC0415

    settings = Settings(header_bytes=1_024, target_bytes=256, header_fields=10)
    with sites.serving(create_app(settings, [made.source()]), settings) as running:
        yield running


# --- connections ------------------------------------------------------------------------------------------------------


def test_the_connection_that_was_idle_for_the_longest_time_makes_room_for_a_new_one() -> None:
    with sites.serving(echo.app, Settings(connections=3)) as server, ExitStack() as stack:
        first, *others = [stack.enter_context(wire.connect(server)) for _ in range(3)]
        for connection in (first, *others):
            assert ask(connection) == 200
        assert ask(stack.enter_context(wire.connect(server))) == 200
        assert wire.receive(first) == b""
        for connection in others:
            assert ask(connection) == 200


def ask(connection: socket.socket) -> int:
    """Ask for something, read the whole answer, and return its status."""
    connection.sendall(GET)
    answer = HTTPResponse(connection)
    answer.begin()
    assert answer.read()
    return answer.status


def test_without_an_idle_connection_only_health_is_answered() -> None:
    with sites.serving(echo.app, Settings(connections=3)) as server, ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(wire.connect(server))
            connection.sendall(HALF_BODY.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            assert connection.recv(1_000).startswith(b"HTTP/1.1 100 ")  # the server has read it
        health = wire.split(wire.exchange(server, b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"))
        other = wire.split(wire.exchange(server, GET))
    assert [(answer.status, answer["Connection"]) for answer in health] == [(200, "close")]
    assert_problem(other[0], 503, "unavailable")
    assert other[0]["Connection"] == "close"


def test_far_too_many_connections_are_refused_before_they_ask() -> None:
    with sites.serving(echo.app, Settings(connections=3)) as server, ExitStack() as stack:
        for _ in range(3 + SPARE):
            stack.enter_context(wire.connect(server)).sendall(GET[:-2])
        with wire.connect(server) as connection:
            (answer,) = wire.split(wire.receive(connection))
    assert_problem(answer, 503, "unavailable", "")


def test_a_process_with_few_file_descriptors_answers_among_many_connections() -> None:
    command = f"ulimit -n 256; exec {sys.executable} {' '.join(SERVE)}"
    with run_server(["bash", "-c", command]) as running, ExitStack() as stack:
        site = sites.Site(running.url)
        for _ in range(300):
            connection = stack.enter_context(wire.connect(site))
            connection.sendall(LAST.replace(b"Connection: close\r\n", b""))
        for target in ("/livez", "/v1/datasets/mnist/train/labels", "/v1/datasets/mnist/train/statistics"):
            place = urlsplit(site.url)
            used = HTTPConnection(str(place.hostname), place.port, timeout=30)
            used.request("GET", target)
            assert used.getresponse().status == 200
            used.close()
        assert running.is_running
