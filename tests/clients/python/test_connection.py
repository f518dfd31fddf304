import pickle
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_client import ChangedData, ProblemError, Unreachable
from digits_client import connection as module
from digits_client.connection import LONGEST_PAUSE, Connection, pause, query
from tests.clients.python.flaky import Fault, Flaky
from tests.sites import Site

CARD = "/v1/datasets/made"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, which are only written down."""

    paused: list[float] = []
    monkeypatch.setattr(module, "time", SimpleNamespace(time=time.time, sleep=paused.append))
    return paused


@pytest.mark.parametrize("fault", ["busy", "limited", "broken", "gateway", "silent", "reset", "cut"])
def test_what_another_attempt_may_mend_is_asked_again(flaky: Flaky, pauses: list[float], fault: Fault) -> None:
    flaky.fail([fault] * 3)
    assert Connection(flaky.url).json(CARD)["name"] == "made"
    assert flaky.times(CARD) == 4
    assert len(pauses) == 3


def test_a_post_is_repeated_with_its_body(flaky: Flaky, pauses: list[float]) -> None:
    flaky.fail(["cut", "busy"])
    answer = Connection(flaky.url).post(f"{CARD}/train/take", (7).to_bytes(8, "little"), format="ndjson")
    assert b'"index":7' in answer.body
    assert len(pauses) == 2


def test_a_refusal_is_told_at_once_with_its_kind_and_its_sentence(flaky: Flaky, pauses: list[float]) -> None:
    with pytest.raises(ProblemError, match="There is no dataset 'none'") as caught:
        Connection(flaky.url).json("/v1/datasets/none")
    assert (caught.value.status, caught.value.kind) == (404, "unknown-resource")
    assert flaky.times("none") == 1
    assert not pauses


def test_other_data_are_an_error_of_their_own(flaky: Flaky) -> None:
    with pytest.raises(ChangedData, match="pins revision") as caught:
        Connection(flaky.url).json(CARD, rev="000000000000")
    assert isinstance(caught.value, ProblemError)
    assert flaky.times(CARD) == 1


def test_an_error_in_other_words_is_told_as_it_is() -> None:
    assert str(module.problem(418, b"<html>")) == "The service answered 418: b'<html>'"
    assert str(module.problem(400, b"[1]")) == "The service answered 400: b'[1]'"
    assert module.problem(400, b'{"type":"/problems/malformed","detail":"So."}').kind == "malformed"


@pytest.mark.parametrize("fault", ["busy", "silent", "cut"])
def test_attempts_end(flaky: Flaky, pauses: list[float], fault: Fault) -> None:
    flaky.fail([fault] * 9)
    with pytest.raises(Unreachable, match=f"{CARD} failed 3 times"):
        Connection(flaky.url, attempts=3).get(CARD)
    assert flaky.times(CARD) == 3
    assert len(pauses) == 2


def test_nobody_at_home_is_unreachable(pauses: list[float]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable, match="failed 2 times"):
        Connection(f"http://127.0.0.1:{port}", attempts=2).get("/")
    assert len(pauses) == 1


@given(st.integers(0, 40))
def test_pauses_are_random_and_bounded(attempt: int) -> None:
    assert 0 <= pause(attempt, None) <= min(LONGEST_PAUSE, 0.1 * 2**attempt)


@given(st.integers(0, 40), st.integers(0, 1_000))
def test_what_the_service_asks_for_is_waited_at_least(attempt: int, seconds: int) -> None:
    assert seconds <= pause(attempt, str(seconds)) <= seconds + LONGEST_PAUSE


def test_a_date_to_wait_for_is_understood_and_nonsense_is_none() -> None:
    assert 50 < pause(0, format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)) < 61
    assert 0 <= pause(0, format_datetime(datetime.now(UTC) - timedelta(seconds=60), usegmt=True)) <= 0.1
    assert 0 <= pause(0, "soon") <= 0.1


def test_a_query_is_spelled_as_the_service_reads_it() -> None:
    assert query({}) == query({"label": None}) == ""
    assert query({"label": [1, 2], "shuffle": False, "part": "train"}) == "?label=1&label=2&shuffle=false&part=train"


def test_a_slash_at_the_end_of_the_address_does_no_harm(site: Site) -> None:
    assert Connection(f"{site.url}/").json(CARD)["name"] == "made"


def test_a_connection_is_kept_for_the_next_request(flaky: Flaky) -> None:
    connection = Connection(flaky.url)
    for _ in range(5):
        connection.get(CARD)
    assert flaky.connections == 1


def test_threads_may_share_a_connection(site: Site) -> None:
    connection = Connection(site.url)
    with ThreadPoolExecutor(16) as threads:
        names = list(threads.map(lambda _: connection.json(CARD)["name"], range(100)))
    assert names == ["made"] * 100


def test_a_connection_is_pickled_without_its_sockets(site: Site) -> None:
    connection = Connection(site.url, timeout=7, attempts=2)
    connection.get(CARD)
    other = pickle.loads(pickle.dumps(connection))  # noqa: S301 - our own
    assert (other.url, other.timeout, other.attempts) == (site.url, 7, 2)
    assert other.json(CARD)["name"] == "made"
