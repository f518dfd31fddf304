import logging
import pickle
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import PoolManager

from digits_client import ChangedData, DigitsError, ProblemError, UnexpectedAnswer, Unreachable, connect
from digits_client import retry as module
from digits_client.cancellation import Cancellation
from digits_client.connection import JSON, PATIENCE, Connection, encode_query
from digits_client.errors import parse_problem
from digits_client.retry import LONGEST_PAUSE, LONGEST_WAIT, PatientRetry, choose_backoff
from digits_client.transport import create_pool
from service.app import create_app
from service.credentials import write_api_key
from service.settings import Settings
from tests import made
from tests.clients.python.flaky import Fault, Flaky
from tests.sites import Site, serving

CARD = "/v1/datasets/made"

PASSING: tuple[Fault, ...] = (
    *("busy", "limited", "timeout", "early", "broken", "gateway", "unknown"),
    *("silent", "reset", "cut"),
)
"""Faults after which another attempt may succeed."""


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, during which only the clock advances."""
    paused: list[float] = []

    class Clock:
        def monotonic(self) -> float:
            return sum(paused)

        def time(self) -> float:
            return datetime.now(UTC).timestamp()

    def sleep(_: Cancellation, seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr(module, "time", Clock())
    monkeypatch.setattr(Cancellation, "sleep", sleep)
    return paused


@contextmanager
def closed_port() -> Iterator[int]:
    """A port at which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    yield port


# --- what is tried again ---


@pytest.mark.parametrize("fault", PASSING)
def test_what_may_pass_is_tried_again_and_logged(
    flaky: Flaky, pauses: list[float], fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    flaky.fail([fault] * 3)
    assert Connection(flaky.url).get_json(CARD)["name"] == "made"
    assert flaky.times(CARD) == 4
    assert len(pauses) == 3
    logged = [record for record in caplog.records if record.name == "digits_client"]
    assert [record.levelno for record in logged] == [logging.WARNING] * 3
    assert all(f"GET {flaky.url}{CARD} failed: " in record.getMessage() for record in logged)


def test_a_post_is_repeated_with_its_body(flaky: Flaky, pauses: list[float]) -> None:
    flaky.fail(["cut", "busy"])
    body = (7).to_bytes(8, "little")
    content = Connection(flaky.url).post(f"{CARD}/train/take", body, accept="application/x-ndjson", format="ndjson")
    assert b'"index":7' in content
    assert len(pauses) == 2


@pytest.mark.parametrize("fault", ["busy", "silent", "cut"])
def test_attempts_end_with_the_patience(flaky: Flaky, pauses: list[float], fault: Fault) -> None:
    flaky.fail([fault] * 1_000)
    with pytest.raises(Unreachable, match=rf"{CARD} failed \d+ times.* for 20 seconds; connect\(…, patience=…\)"):
        Connection(flaky.url, patience=20).get_json(CARD)
    assert sum(pauses) == pytest.approx(20)
    assert flaky.times(CARD) == len(pauses) + 1


def test_no_patience_is_one_attempt(flaky: Flaky) -> None:
    flaky.fail(["busy"] * 2)
    with pytest.raises(Unreachable, match="failed once, most recently with: status 503"):
        Connection(flaky.url, patience=0).get_json(CARD)
    assert flaky.times(CARD) == 1


def test_by_default_refused_connections_are_outlasted_for_more_than_a_minute(pauses: list[float]) -> None:
    reason = r"most recently with: Failed to establish a new connection: .*refused\. The client"
    with closed_port() as port, pytest.raises(Unreachable, match=reason):
        Connection(f"http://127.0.0.1:{port}").get_json("/")
    assert sum(pauses) == pytest.approx(PATIENCE)
    assert PATIENCE > 60
    assert max(pauses) <= LONGEST_PAUSE


@given(st.integers(1, 2_000))
def test_pauses_are_random_and_bounded(failures: int) -> None:
    assert 0 <= choose_backoff(failures) <= min(LONGEST_PAUSE, 0.1 * 2 ** min(failures - 1, 60))


def test_the_pause_that_the_service_requests_is_kept(flaky: Flaky, pauses: list[float]) -> None:
    flaky.fail(["busy"])
    flaky.retry_after = "45"
    assert Connection(flaky.url).get_json(CARD)["name"] == "made"
    assert [45 <= pause <= 45.1 for pause in pauses] == [True]


@pytest.mark.parametrize("seconds", ["86400", "3600", "9" * 12, "9" * 400, "9" * 5_000])
def test_a_pause_longer_than_the_patience_fails_at_once(flaky: Flaky, pauses: list[float], seconds: str) -> None:
    flaky.fail(["busy"] * 2)
    flaky.retry_after = seconds
    with pytest.raises(Unreachable, match="the service asks to wait"):
        Connection(flaky.url).get_json(CARD)
    assert pauses == []


def test_patience_without_an_end_tries_again_within_an_hour(flaky: Flaky, pauses: list[float]) -> None:
    flaky.fail(["busy"] * 2)
    flaky.retry_after = "9" * 400
    assert Connection(flaky.url, patience=inf).get_json(CARD)["name"] == "made"
    assert pauses == [LONGEST_WAIT] * 2


def test_a_date_to_wait_for_is_understood_and_nonsense_is_none() -> None:
    retry = PatientRetry(patience=1)
    assert 50 < retry.parse_retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)) < 61
    assert retry.parse_retry_after(format_datetime(datetime.now(UTC) - timedelta(seconds=60), usegmt=True)) == 0
    assert retry.parse_retry_after("soon") == 0
    assert retry.parse_retry_after("-5") == 0
    assert retry.parse_retry_after("Fri, 31 Dec 999999999999 23:59:59 GMT") in (0, inf)


# --- what fails at once ---


def test_a_refusal_is_raised_at_once_with_its_kind_and_its_sentence(flaky: Flaky, pauses: list[float]) -> None:
    with pytest.raises(ProblemError, match="There is no dataset 'none'") as caught:
        Connection(flaky.url).get_json("/v1/datasets/none")
    assert (caught.value.status, caught.value.kind) == (404, "unknown-resource")
    assert flaky.times("none") == 1
    assert not pauses


def test_other_data_are_an_error_of_their_own(flaky: Flaky) -> None:
    with pytest.raises(ChangedData, match="pins revision") as caught:
        Connection(flaky.url).get_json(CARD, rev="000000000000")
    assert isinstance(caught.value, ProblemError)
    assert flaky.times(CARD) == 1


def test_errors_can_be_pickled() -> None:
    other = pickle.loads(pickle.dumps(ChangedData(409, "changed-data", "So.")))  # noqa: S301 - our own
    assert (type(other), other.status, other.kind, str(other)) == (ChangedData, 409, "changed-data", "So.")


def test_an_error_in_other_words_is_quoted() -> None:
    assert str(parse_problem(418, b"<html>")) == "The service answered 418: b'<html>'"
    assert str(parse_problem(400, b"[1]")) == "The service answered 400: b'[1]'"
    assert parse_problem(400, b'{"type":"/problems/malformed","detail":"So."}').kind == "malformed"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("redirect", "a redirect to '/sign-in'"),
        ("sign-in", "200 with text/html instead of 200 with application/json: b'<html>"),
        ("no-content", "204 with application/problem"),
    ],
)
def test_no_other_answer_is_a_success(flaky: Flaky, pauses: list[float], fault: Fault, message: str) -> None:
    connection = Connection(flaky.url)
    flaky.fail([fault] * 2)
    with pytest.raises(UnexpectedAnswer, match=message):
        connection.get_json(CARD)
    assert flaky.times(CARD) == 1
    assert not pauses


def test_json_that_is_no_object_is_refused(flaky: Flaky) -> None:
    flaky.replace = lambda _, __: b"[1, 2"
    with pytest.raises(UnexpectedAnswer, match="no JSON object"):
        Connection(flaky.url).get_json(CARD)


@pytest.mark.parametrize(
    "url", ["localhost:8000", "127.0.0.1:8000", "ftp://localhost", "http://", "http://[::1", "http://h:99999", ""]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"such as http://127\.0\.0\.1:8000, not '"):
        connect(url)


@pytest.mark.parametrize("url", ["http://localhost/?a=b", "http://localhost/#a"])
def test_an_address_has_no_query(url: str) -> None:
    with pytest.raises(ValueError, match="neither a query nor a fragment"):
        connect(url)


@pytest.mark.parametrize(("timeout", "patience"), [(0, 1), (-1, 1), (float("nan"), 1), (1, -1), (1, float("nan"))])
def test_numbers_that_make_no_sense_are_refused(timeout: float, patience: float) -> None:
    with pytest.raises(ValueError, match="timeout must be above 0"):
        connect("http://localhost", timeout=timeout, patience=patience)


@pytest.mark.parametrize("kind", [socket.EAI_NONAME, socket.EAI_AGAIN])
def test_an_unknown_host_fails_at_once(monkeypatch: pytest.MonkeyPatch, pauses: list[float], kind: int) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(kind, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(Unreachable, match="check the address"):
        Connection("http://mistyped.example").get_json("/")
    assert not pauses


def test_a_host_that_was_known_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    connection = Connection(site.url)
    assert connection.get_json(CARD)
    connection.close()
    resolve, failures = socket.getaddrinfo, [socket.gaierror(socket.EAI_AGAIN, "for a moment")] * 2

    def resolve_later(*arguments: object, **more: object) -> object:
        if failures:
            raise failures.pop()
        return resolve(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve_later)
    assert connection.get_json(CARD)
    assert len(pauses) == 2


def test_plain_http_behind_https_fails_at_once(site: Site, pauses: list[float]) -> None:
    with pytest.raises(Unreachable, match="check the certificate of the service and the scheme"):
        Connection(site.url.replace("http:", "https:")).get_json(CARD)
    assert not pauses


# --- answers that take too long ---


def test_an_answer_that_drips_ends(flaky: Flaky) -> None:
    flaky.fail(["dripping"] * 100, only="/order")
    connection = Connection(flaky.url, timeout=0.2, patience=0)
    with pytest.raises(Unreachable, match="bytes arrived within"):
        connection.get(f"{CARD}/train/order", accept=JSON)


def test_a_head_that_drips_ends(flaky: Flaky, pauses: list[float]) -> None:
    flaky.fail(["dripping head"])
    assert Connection(flaky.url, timeout=0.2).get_json(CARD)["name"] == "made"
    assert len(pauses) == 1


def test_an_answer_that_stops_ends(flaky: Flaky, pauses: list[float]) -> None:
    flaky.fail(["halted"])
    assert Connection(flaky.url, timeout=0.2).get_json(CARD)["name"] == "made"
    assert len(pauses) == 1


# --- connections ---


def test_a_query_is_spelled_as_the_service_reads_it() -> None:
    assert encode_query({}) == encode_query({"label": None}) == ""
    query = encode_query({"label": [1, 2], "shuffle": False, "part": "train"})
    assert query == "?label=1&label=2&shuffle=false&part=train"


def test_a_slash_at_the_end_of_the_address_does_no_harm(site: Site) -> None:
    assert Connection(f"{site.url}/").get_json(CARD)["name"] == "made"


def test_a_pool_is_made_once_and_kept(flaky: Flaky, monkeypatch: pytest.MonkeyPatch) -> None:
    pools: list[PoolManager] = []

    def create(url: str, *, connections: int) -> PoolManager:
        pools.append(create_pool(url, connections=connections))
        return pools[-1]

    monkeypatch.setattr("digits_client.connection.create_pool", create)
    connection = Connection(flaky.url)
    for _ in range(5):
        connection.get_json(CARD)
    assert len(pools) == 1
    assert flaky.connections == 1


def test_a_closed_connection_has_no_sockets_and_opens_new_ones(flaky: Flaky) -> None:
    with connect(flaky.url) as client:
        client.dataset("made")
        client.close()
        client.dataset("made")
        assert flaky.connections == 2
    assert not client.connection.__dict__["_pools"]


def test_threads_may_share_a_connection(site: Site) -> None:
    connection = Connection(site.url)
    with ThreadPoolExecutor(16) as threads:
        names = list(threads.map(lambda _: connection.get_json(CARD)["name"], range(100)))
    assert names == ["made"] * 100


def test_a_connection_is_pickled_without_its_sockets(site: Site) -> None:
    connection = Connection(site.url, timeout=7, patience=2, headers={"X-Key": "k"})
    connection.get_json(CARD)
    other = pickle.loads(pickle.dumps(connection))  # noqa: S301 - our own
    assert (other.url, other.timeout, other.patience) == (site.url, 7, 2)
    assert other.headers == connection.headers
    assert other.get_json(CARD)["name"] == "made"


def test_headers_and_credentials_are_sent(flaky: Flaky) -> None:
    connect(flaky.url, headers={"Authorization": "Bearer secret", "User-Agent": "mine"}).dataset("made")
    connect(flaky.url.replace("http://", "http://user:p%40ss@")).dataset("made")
    assert [headers["authorization"] for headers in flaky.headers] == [
        "Bearer secret",
        f"Basic {b64encode(b'user:p@ss').decode()}",
    ]
    assert [headers["user-agent"] for headers in flaky.headers] == ["mine", "digits-client"]


def test_a_key_is_sent_from_the_argument_or_the_environment(flaky: Flaky, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(url: str, *, api_key: str | None = None, headers: dict[str, str] | None = None) -> str | None:
        connect(url, api_key=api_key, headers=headers).dataset("made")
        return flaky.headers[-1].get("authorization")

    with_password = flaky.url.replace("http://", "http://user:word@")
    basic = f"Basic {b64encode(b'user:word').decode()}"
    assert send(flaky.url) is None
    assert send(flaky.url, api_key="digits_1") == "Bearer digits_1"
    monkeypatch.setenv("DIGITS_API_KEY", "digits_2")
    assert send(flaky.url) == "Bearer digits_2"
    assert send(flaky.url, api_key="digits_1") == "Bearer digits_1"
    assert send(flaky.url, api_key="") is None
    assert send(with_password) == send(with_password, api_key="digits_1") == basic
    assert send(flaky.url, headers={"authorization": "Other x"}) == "Other x"


@pytest.mark.parametrize("key", ["digits 1", "digits_1\n", "digits_\u00e9", "a\r\nX: y"])
def test_a_key_with_other_characters_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="has characters that no key has") as refused:
        connect("http://127.0.0.1:1", api_key=key)
    assert key not in str(refused.value)


def test_a_missing_and_a_wrong_key_fail_at_once_and_the_right_one_reads() -> None:
    settings = Settings(api_keys=(write_api_key("trainer", "digits_right"),))
    with serving(create_app(settings, [made.source()])) as locked:
        for key in (None, "digits_wrong"):
            with pytest.raises(ProblemError) as refused:
                connect(locked.url, api_key=key).dataset("made")
            assert (refused.value.status, refused.value.kind) == (401, "unauthorized")
            assert "digits_wrong" not in str(refused.value)
        split = connect(locked.url, api_key="digits_right").dataset("made")["train"]
        assert sum(len(batch) for batch in split.batches(4, seed=1)) == made.TRAIN


@pytest.mark.parametrize("fault", ["busy", "redirect"])
def test_a_password_in_the_address_appears_in_no_message(flaky: Flaky, fault: Fault) -> None:
    flaky.fail([fault])
    with pytest.raises(DigitsError) as caught:
        connect(flaky.url.replace("http://", "http://user:secret@"), patience=0).dataset("made")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment_is_used(flaky: Flaky, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, flaky.url.replace("http://", "http://me:word@"))
    assert connect("http://digits.example").dataset("made").card["name"] == "made"
    assert flaky.headers[0]["host"] == "digits.example"
    assert flaky.headers[0]["proxy-authorization"] == f"Basic {b64encode(b'me:word').decode()}"


def test_no_proxy_excludes_hosts(flaky: Flaky, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", flaky.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert connect(site.url).dataset("made").card["name"] == "made"
    assert not flaky.targets


# --- cancellation ---


@pytest.mark.parametrize("fault", ["halted", "stalled"])
def test_a_cancelled_request_leaves_its_connection_at_once(flaky: Flaky, fault: Fault) -> None:
    flaky.fail([fault])
    connection, cancellation, ended = Connection(flaky.url, timeout=60), Cancellation(), threading.Event()

    def read() -> None:
        retries = connection.create_retry(cancellation)
        try:
            with connection.open(CARD, {}, accept=JSON, retries=retries) as answer:
                answer.body.readall()
        finally:
            ended.set()

    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(read)
        assert flaky.left_halfway.acquire(timeout=20)
        cancellation.cancel()
        assert ended.wait(5)
        assert type(reading.exception(5)).__name__ == "Cancelled"
    assert flaky.left_halfway.acquire(timeout=20)


def test_a_pause_can_be_cancelled(
    flaky: Flaky, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    flaky.fail(["busy"] * 2)
    flaky.retry_after = "60"
    connection, cancellation = Connection(flaky.url), Cancellation()
    paused = threading.Event()

    def notice(record: logging.LogRecord) -> bool:
        paused.set()
        return "next attempt" in record.getMessage()

    caplog.handler.addFilter(notice)
    request.addfinalizer(lambda: caplog.handler.removeFilter(notice))  # the handler is the same for all tests
    with ThreadPoolExecutor(1) as threads:
        retries = connection.create_retry(cancellation)
        reading = threads.submit(lambda: connection.open(CARD, {}, accept=JSON, retries=retries).__enter__())
        assert paused.wait(20)
        cancellation.cancel()
        assert type(reading.exception(5)).__name__ == "Cancelled"


HEAD = b"HTTP/1.1 200 OK\r\nX-First: 1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"


@pytest.mark.parametrize("size", [1, 12, 17, 20, 29, 60, len(HEAD) - 2])
def test_a_head_that_breaks_off_is_no_answer(size: int) -> None:
    """http.client takes half a head for a whole one: a 200 without a media type, or a body without a length."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_twice() -> None:
            for content in (HEAD[:size], HEAD + b"{}"):
                with listener.accept()[0] as connection:
                    connection.recv(65_536)
                    connection.sendall(content)

        thread = threading.Thread(target=answer_twice)
        thread.start()
        with Connection(f"http://127.0.0.1:{listener.getsockname()[1]}", patience=30) as client:
            assert client.get_json("/a") == {}
        thread.join(30)
