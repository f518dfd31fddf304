"""Targets that are whole URLs, which clients of a proxy send: the same answers with either of uvicorn's parsers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from service.app import create_app
from service.http.host import split_absolute_target
from service.settings import Settings
from tests import made, sites
from tests.http import wire
from tests.http.expect import assert_problem
from tests.sites import Answer, Site

HERE = "/v1/datasets/made/train"


@contextmanager
def serving_by(parser: str, *, root_path: str = "", settings: Settings | None = None) -> Iterator[Site]:
    """`uvicorn --factory service.app:create_app --http PARSER`, with the made dataset."""
    app = create_app(settings, [made.source()])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, http=parser, ws="none", log_config=None, root_path=root_path))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}")  # who is early waits in the listener's queue
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture(scope="module", params=["h11", "httptools", "ours"])
def server(request: pytest.FixtureRequest, site: Site) -> Iterator[Site]:
    """A server by each way to parse requests."""
    if request.param == "ours":
        yield site
    else:
        with serving_by(request.param) as running:
            yield running


def ask(site: Site, target: str, *fields: str) -> Answer:
    """The answer to a request with just these header fields."""
    head = "\r\n".join([f"GET {target} HTTP/1.1", *fields, "Connection: close", "", ""])
    (answer,) = wire.split(wire.exchange(site, head.encode()))
    return answer


@pytest.mark.parametrize("scheme", ["http", "HTTP", "https"])
def test_a_whole_url_is_answered_as_its_path(server: Site, scheme: str) -> None:
    plain = server.get(f"{HERE}/rows?limit=2")
    for _ in range(2):  # the second time from the cache
        answer = ask(server, f"{scheme}://data.example:80{HERE}/rows?limit=2", "Host: data.example:80")
        assert (answer.status, answer.body, answer["ETag"]) == (200, plain.body, plain["ETag"])


def test_an_escaped_path_is_decoded(server: Site) -> None:
    escaped = HERE.replace("train", "tr%61in")
    assert ask(server, f"http://a.example{escaped}", "Host: a.example").body == server.get(HERE).body


def test_what_is_refused_of_a_path_is_refused_of_a_url(server: Site) -> None:
    problem = assert_problem(ask(server, "http://a.example/v1%2Fdatasets", "Host: a.example"), "unknown-resource")
    assert problem["instance"] == "/v1/datasets"
    long = "/" + "x" * 8_192
    assert_problem(ask(server, f"http://a.example{long}", "Host: a.example"), "uri-too-long")
    assert_problem(ask(server, "http://a.example/nowhere", "Host: a.example"), "unknown-resource")


def test_requests_are_counted_by_their_route(server: Site) -> None:
    ask(server, f"http://a.example{HERE}/labels", "Host: a.example")
    assert f'route="{HERE.replace("made/train", "{dataset}/{split}")}/labels"' in server.get("/metrics").body.decode()


@pytest.mark.parametrize("fields", [(), ("Host: a.example", "Host: a.example"), ("Host: a/b",)], ids=str)
def test_a_url_does_not_make_up_for_a_wrong_host_field(server: Site, fields: tuple[str, ...]) -> None:
    assert ask(server, "http://a.example/livez", *fields).status == 400


hosts_are_seen = pytest.mark.parametrize("server", ["h11", "ours"], indirect=True)
"""httptools alone does not pass on the host of a URL."""


@hosts_are_seen
def test_scheme_and_host_of_a_url_replace_those_of_the_request(server: Site) -> None:
    answer = ask(server, "https://b.example:8443/mirrors", "Host: a.example", "Accept: application/json")
    assert answer.json["mirrors"][0]["root"] == "https://b.example:8443/mirrors/mnist"


@hosts_are_seen
@pytest.mark.parametrize("host", ["user@a.example", "a.example:x", "[::1"])
def test_a_url_with_a_wrong_host_is_refused(server: Site, host: str) -> None:
    assert ask(server, f"http://{host}/livez", "Host: a.example").status == 400


def test_an_empty_path_is_the_root() -> None:
    with serving_by("h11") as site:
        assert ask(site, "http://a.example", "Host: a.example").body == site.get("/").body


@pytest.mark.parametrize("parser", ["h11", "httptools"])
def test_a_root_path_that_the_server_puts_before_the_target_stays(parser: str) -> None:
    with serving_by(parser, root_path="/digits") as site:
        answer = ask(site, f"http://a.example{HERE}", "Host: a.example")
        assert answer.body == site.get(HERE).body
        assert answer.json["links"]["rows"].startswith(f"/digits{HERE}/rows")
        assert ask(site, "http://a.example/nowhere", "Host: a.example").json["instance"] == "/digits/nowhere"


@pytest.mark.parametrize("parser", ["h11", "httptools"])
def test_a_root_path_may_be_in_the_url(parser: str) -> None:
    with serving_by(parser, settings=Settings(root_path="/digits")) as site:
        plain = site.get(HERE).body
        for target in (f"http://a.example{HERE}", f"http://a.example/digits{HERE}"):
            assert ask(site, target, "Host: a.example").body == plain


# --- without a server ---


def scope_of(raw_path: bytes, *, root_path: str = "", headers: tuple[tuple[bytes, bytes], ...] = ()) -> Scope:
    """What h11 makes of a request."""
    known = {"type": "http", "http_version": "1.1", "scheme": "http", "root_path": root_path, "headers": list(headers)}
    return {**known, "raw_path": raw_path, "path": raw_path.decode()}


@pytest.mark.parametrize(
    "target", [b"/", b"/a", b"/a/http://b/c", b"//a/b", b"*", b"ftp://a/b", b"http:/a", b"http", b"xhttp://a/b"]
)
def test_other_targets_stay_as_they_are(target: bytes) -> None:
    scope = scope_of(target, headers=((b"host", b"a"),))
    assert split_absolute_target(scope) is scope


def test_other_fields_stay_and_the_scope_of_the_server_is_not_changed() -> None:
    scope = scope_of(b"HTTPS://b:1/c%20d", headers=((b"accept", b"x"), (b"host", b"a")))
    found = split_absolute_target(scope)
    assert (found["scheme"], found["raw_path"], found["path"]) == ("https", b"/c%20d", "/c d")
    assert found["headers"] == [(b"host", b"b:1"), (b"accept", b"x")]
    assert (scope["scheme"], scope["raw_path"]) == ("http", b"HTTPS://b:1/c%20d")
    assert scope["headers"] == [(b"accept", b"x"), (b"host", b"a")]


@given(path=st.from_regex(r"(?:/[A-Za-z0-9._~-]{0,5}){1,4}", fullmatch=True), root=st.sampled_from(["", "/digits"]))
def test_a_url_is_its_path_whatever_the_path(path: str, root: str) -> None:
    found = split_absolute_target(scope_of(f"{root}http://a{path}".encode(), root_path=root))
    assert (found["path"], found["raw_path"]) == (root + path, (root + path).encode())
    if root:  # a root path that is known but that the server has not put there
        found = split_absolute_target(scope_of(f"http://a{path}".encode(), root_path=root))
        assert found["path"] == path


@pytest.mark.parametrize("target", [b"http://" + b"a" * 60_000 + b" ", b"http://a" + b"/" * 60_000 + b"\n?"])
@pytest.mark.timeout(5)
def test_the_worst_targets_take_linear_time(target: bytes) -> None:
    for _ in range(100):
        split_absolute_target(scope_of(target))


def test_our_server_takes_many_on_one_connection(site: Site) -> None:
    request = "GET {} HTTP/1.1\r\nHost: a.example\r\n{}\r\n"
    targets = [f"http://a.example{HERE}", HERE, "http://a.example/livez", "/livez"]
    closing = ["", "", "", "Connection: close\r\n"]
    sent = "".join(request.format(target, last) for target, last in zip(targets, closing, strict=True))
    answers = wire.split(wire.exchange(site, sent.encode()))
    assert [answer.status for answer in answers] == [200] * 4
    assert answers[0].body == answers[1].body
    assert answers[2].body == answers[3].body


def test_a_url_and_an_offer_to_upgrade_go_together(site: sites.Site) -> None:
    answer = ask(site, f"http://a.example{HERE}", "Host: a.example", "Upgrade: h2c", "Connection: Upgrade")
    assert answer.body == site.get(HERE).body
