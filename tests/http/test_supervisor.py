"""Real processes: a supervisor, its workers, and what happens to their clients."""

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse, IncompleteRead, RemoteDisconnected
from pathlib import Path
from queue import Empty
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.__main__ import STARTUP_FAILURE
from tests.processes import ROOT, RunningServer, run_server
from tests.sites import Site

PROGRAM = "tests.http.program_of_workers"

SECONDS = 30
"""After which a message that does not come is a failure."""


MANY = 24
"""Connections that do not all reach the same worker: they do in one of 8 million runs."""


def command(folder: Path, *, port: int = 0, workers: int = 2, silence: int = 30) -> list[str]:
    return [sys.executable, "-m", PROGRAM, str(port), str(workers), str(silence), str(folder)]


@contextmanager
def running(folder: Path, *, workers: int = 2, silence: int = 30) -> Iterator[RunningServer]:
    environment = {**os.environ, "TMPDIR": str(folder)}
    with run_server(command(folder, workers=workers, silence=silence), environment=environment) as server:
        yield server


COUNTS = re.compile(r"^\w+_(total|count|sum|bucket)\b")
"""Series that only grow, unlike those of what the processes hold at present."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of the test's own, which it may break."""
    with running(tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server for tests that leave it as they find it."""
    with running(tmp_path_factory.mktemp("shared")) as started:
        yield started


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """What an answer waits for."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def begin(connection: HTTPConnection, pipe: Path) -> HTTPResponse:
    """An answer that has begun, and ends when something is written to the pipe."""
    connection.request("GET", f"/wait?{pipe}")
    answer = connection.getresponse()
    assert answer.read(6) == b"begun,"
    return answer


def wait_for(server: RunningServer, pattern: str) -> re.Match[str]:
    """The next message that matches."""
    told = []
    while True:
        try:
            told.append(server.messages.get(timeout=SECONDS))
        except Empty:
            pytest.fail(f"{pattern!r} is not in {told}")
        if found := re.search(pattern, told[-1]):
            return found


def connect(server: RunningServer) -> HTTPConnection:
    place = urlsplit(server.url)
    return HTTPConnection(str(place.hostname), place.port, timeout=SECONDS)


def ask(connection: HTTPConnection, path: str = "/") -> bytes:
    connection.request("GET", path)
    return connection.getresponse().read()


def connect_to_each(server: RunningServer, stack: ExitStack) -> dict[int, HTTPConnection]:
    """A connection to each of two workers, by process id: as many are made as that takes."""
    found: dict[int, HTTPConnection] = {}
    while len(found) < 2:
        connection = stack.enter_context(closing(connect(server)))
        found.setdefault(int(ask(connection)), connection)
    return found


def read_metrics(site: Site) -> dict[str, float]:
    """The values of all series."""
    families = text_string_to_metric_families(site.get("/metrics").body.decode())
    return {
        " ".join([sample.name, *(sample.labels[name] for name in sorted(sample.labels))]): sample.value
        for family in families
        for sample in family.samples
    }


def wait_for_end(processes: Iterable[int]) -> None:
    """Wait until processes have ended, whoever their parent is."""
    for process in processes:
        with suppress(ProcessLookupError):
            ended = os.pidfd_open(process)
            assert select.select([ended], [], [], SECONDS)[0], "A process does not end."
            os.close(ended)


def test_all_workers_answer_on_one_address(shared: RunningServer) -> None:
    with ExitStack() as stack:
        workers = connect_to_each(shared, stack)
        assert shared.process.pid not in workers
        for process, connection in workers.items():
            assert int(ask(connection)) == process


def test_a_killed_worker_is_replaced_and_only_its_own_connections_end(server: RunningServer) -> None:
    with ExitStack() as stack:
        workers = connect_to_each(server, stack)
        (dead, lost), (_, kept) = workers.items()
        os.kill(dead, signal.SIGKILL)
        assert wait_for(server, r"worker \[(\d+)\] ended by signal 9")[1] == str(dead)
        with pytest.raises((RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
            ask(lost)
        ask(kept)
        assert dead not in connect_to_each(server, stack)


def test_what_waits_for_a_worker_that_dies_is_answered_by_its_replacement(server: RunningServer) -> None:
    with ExitStack() as stack:
        dead = next(iter(connect_to_each(server, stack)))
        os.kill(dead, signal.SIGSTOP)
        connections = [stack.enter_context(closing(connect(server))) for _ in range(MANY)]
        for connection in connections:
            connection.request("GET", "/")
        os.kill(dead, signal.SIGKILL)
        answers = {int(connection.getresponse().read()) for connection in connections}
        assert len(answers) == 2
        assert dead not in answers


def test_a_worker_whose_event_loop_hangs_is_replaced(tmp_path: Path) -> None:
    with running(tmp_path, silence=4) as server, ExitStack() as stack:
        hung, connection = next(iter(connect_to_each(server, stack).items()))
        connection.request("GET", "/hang")
        assert wait_for(server, r"worker \[(\d+)\] does not answer")[1] == str(hung)
        assert hung not in connect_to_each(server, stack)


def test_a_worker_that_dies_again_and_again_waits_and_the_others_take_its_connections(tmp_path: Path) -> None:
    with running(tmp_path) as server, ExitStack() as stack:
        dead = min(connect_to_each(server, stack))  # the first, whose sockets the other one has inherited
        (tmp_path / "broken").write_text("dies")
        os.kill(dead, signal.SIGKILL)
        for _ in range(3):
            wait_for(server, r"worker \[\d+\] ended by signal 9")
        answers = {int(Site(server.url).get("/").body) for _ in range(MANY)}
        assert len(answers) == 1
        (tmp_path / "broken").unlink()
        assert len(connect_to_each(server, stack)) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_answers_under_way_finish(server: RunningServer, pipe: Path, number: signal.Signals) -> None:
    with closing(connect(server)) as connection:
        answer = begin(connection, pipe)
        server.process.send_signal(number)
        for _ in range(2):
            wait_for(server, "Shutting down")
        pipe.write_bytes(b"finished")
        assert answer.read() == b"finished"
    assert server.process.wait(SECONDS) == 0
    assert not list(pipe.parent.glob("digits-metrics-*"))


def test_a_worker_that_stops_closes_connections_with_an_answer(server: RunningServer) -> None:
    with closing(connect(server)) as connection:
        ask(connection)
        server.process.terminate()
        closed = None
        while closed is None:
            connection.request("GET", "/")
            answer = connection.getresponse()
            assert answer.read()
            closed = answer.headers["Connection"]
        assert closed == "close"


def test_a_terminal_interrupts_all_processes_and_answers_finish_all_the_same(server: RunningServer, pipe: Path) -> None:
    with ExitStack() as stack:
        workers = connect_to_each(server, stack)
        answer = begin(stack.enter_context(closing(connect(server))), pipe)
        for process in (*workers, server.process.pid):
            os.kill(process, signal.SIGINT)
        for _ in workers:
            wait_for(server, "Shutting down")
        pipe.write_bytes(b"finished")
        assert answer.read() == b"finished"
    assert server.process.wait(SECONDS) == 0


def test_a_second_signal_stops_at_once(server: RunningServer, pipe: Path) -> None:
    with closing(connect(server)) as connection:
        answer = begin(connection, pipe)
        server.process.terminate()
        wait_for(server, "Shutting down")
        server.process.terminate()
        assert server.process.wait(SECONDS) == 1
        with pytest.raises((IncompleteRead, ConnectionResetError)):
            answer.read()
    wait_for(server, "stopping at once")
    while not server.messages.empty():
        assert "Cancel" not in server.messages.get()


def test_workers_are_replaced_one_by_one_on_request_and_no_request_fails(shared: RunningServer) -> None:
    with ExitStack() as stack:
        before = connect_to_each(shared, stack)
        shared.process.send_signal(signal.SIGHUP)
        seen: set[int] = set()
        while len(seen) < 2:
            seen |= {int(Site(shared.url).get("/").body)} - before.keys()
        wait_for_end(before)


def test_workers_stay_if_their_replacement_does_not_start(server: RunningServer, tmp_path: Path) -> None:
    with ExitStack() as stack:
        before = connect_to_each(server, stack)
        (tmp_path / "broken").write_text("fails")
        server.process.send_signal(signal.SIGHUP)
        wait_for(server, r"ended with exit code 3 before it was ready")
        assert {int(ask(connection)) for connection in before.values()} == before.keys()


def test_workers_end_when_their_supervisor_is_killed(server: RunningServer, tmp_path: Path) -> None:
    with ExitStack() as stack:
        workers = connect_to_each(server, stack)
    server.process.kill()
    wait_for_end(workers)
    assert not list(tmp_path.glob("digits-metrics-*"))


def test_a_start_that_fails_ends_everything(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("fails")
    run = subprocess.run(command(tmp_path), cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == STARTUP_FAILURE
    assert "The application is broken." in run.stderr
    assert "running on" not in run.stderr
    assert "Traceback" not in run.stderr


def test_an_address_that_is_taken_ends_everything_also_if_another_supervisor_has_it(
    shared: RunningServer, tmp_path: Path
) -> None:
    port = urlsplit(shared.url).port or 0
    run = subprocess.run(
        command(tmp_path, port=port), cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert run.returncode == STARTUP_FAILURE
    assert "address already in use" in run.stderr
    assert "Traceback" not in run.stderr


def test_metrics_add_up_over_workers_and_over_their_deaths(server: RunningServer) -> None:
    with ExitStack() as stack:
        workers = connect_to_each(server, stack)
        for number in range(3):
            for connection in workers.values():
                ask(connection, f"/{number}")
        dead = next(iter(workers))
        counted = read_metrics(Site(server.url))
        assert [counted[f"digits_requests_total GET /{number} 200"] for number in range(3)] == [2, 2, 2]
        assert (
            counted["digits_request_seconds_bucket 30.0 none /1"]
            == counted["digits_request_seconds_count none /1"]
            == 2
        )
        os.kill(dead, signal.SIGKILL)
        wait_for(server, "Application startup complete")
        connect_to_each(server, stack)
        later = read_metrics(Site(server.url))
        counts = [name for name in counted if COUNTS.search(name)]
        assert len(counts) > 20
        assert [name for name in counts if later[name] < counted[name]] == []
        ask(next(iter(connect_to_each(server, stack).values())), "/1")
        assert read_metrics(Site(server.url))["digits_requests_total GET /1 200"] == 3


def test_figures_that_other_objects_hold_are_added_up_within_a_second(server: RunningServer) -> None:
    with ExitStack() as stack:
        connect_to_each(server, stack)
    site, shown = Site(server.url), 0.0
    while shown < 20:  # each of these answers counts, of whichever worker
        figures = read_metrics(site)
        assert figures["test_workers"] <= 2
        assert figures["test_answers_total"] >= shown
        shown = figures["test_answers_total"]
    with ExitStack() as stack:
        before = connect_to_each(server, stack)
    server.process.send_signal(signal.SIGHUP)
    wait_for_end(before)
    while read_metrics(site)["test_workers"] != 2:
        pass  # for a second at most, until those that have ended are forgotten
