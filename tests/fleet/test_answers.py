"""Every replica gives the same answers, and nginx in front of them changes none."""

import socket
import uuid
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from service.http.problems import KINDS
from tests.fleet.conftest import Fleet
from tests.fleet.nginx import CONFIGURATION
from tests.http.wire import connect, exchange, split
from tests.sites import Answer, Site

HOST = "digits.example:8080"
"""The address that all clients use, which some files repeat."""

OF_ONE_REQUEST = {"connection", "date", "server", "server-timing", "x-request-id"}
"""Header fields that are not part of the answer."""

TRAIN = "/v1/datasets/mnist/train"
DIGITS = "/v1/datasets/digits/all"

TARGETS = [
    "/",
    "/client.js",
    "/docs",
    "/openapi.json",
    "/problems/invalid-request",
    "/v1/datasets",
    "/v1/datasets/mnist",
    f"{TRAIN}/rows?label=3&limit=7&seed=5",
    f"{TRAIN}/rows?limit=7&format=csv",
    f"{TRAIN}/rows?limit=7&format=ndjson",
    f"{TRAIN}/rows?limit=7&format=npy&scale=standard",
    f"{TRAIN}/rows?limit=7&format=npz&layout=chw",
    f"{TRAIN}/rows?limit=7&format=arrow",
    f"{TRAIN}/rows?limit=7&format=parquet",
    f"{TRAIN}/rows?limit=7&format=safetensors",
    f"{TRAIN}/samples/5",
    f"{TRAIN}/samples/5.png?scale=4&cmap=viridis",
    f"{TRAIN}/samples/5.webp",
    f"{TRAIN}/samples/5.svg",
    f"{DIGITS}/samples/5/neighbors",
    f"{TRAIN}/grid.png?limit=20&seed=1",
    f"{TRAIN}/grid.json?limit=20&seed=1",
    f"{DIGITS}/labels",
    f"{DIGITS}/labels/3/mean.png",
    f"{DIGITS}/statistics",
    f"{DIGITS}/projection?limit=10",
    f"{TRAIN}/batches?batch_size=32&seed=9&epoch=2",
    f"{TRAIN}/batches?batch_size=32&seed=9&steps=3&format=arrow",
    f"{TRAIN}/batches?batch_size=32&seed=9&steps=3&format=ndjson",
    f"{TRAIN}/batches/plan?batch_size=32&world_size=4",
    f"{DIGITS}/order?seed=3&format=npy",
    "/v1/datasets/digits/all.parquet",
    "/v1/datasets/digits/all.npz",
    "/v1/datasets/digits/all.csv",
    "/mirrors",
    "/mirrors/mnist/t10k-labels-idx1-ubyte.gz",
    "/mirrors/huggingface/api/datasets/mnist/revision/refs%2Fconvert%2Fparquet",
    "/v1/datasets/nothing",
    f"{TRAIN}/rows?limit=0",
    f"{TRAIN}/rows?rev=000000000000",
]
"""Something of every kind, with some problems."""


def ask(site: Site, method: str, target: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Send a request with the `Host` that all clients use, unless another is given."""
    place = urlsplit(site.url)
    with closing(HTTPConnection(str(place.hostname), place.port, timeout=60)) as connection:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in ({"Host": HOST} | dict(headers or {})).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def describe(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """The answer without what is different for every request."""
    fields = {name.lower(): answer[name] for name in answer.headers}
    return answer.status, {name: value for name, value in fields.items() if name not in OF_ONE_REQUEST}, answer.body


def ask_logged(fleet: Fleet, target: str, headers: Mapping[str, str] | None = None) -> tuple[Answer, str]:
    """An answer through nginx, and what its cache did for it: HIT, MISS, or nothing if it was not asked."""
    identity = uuid.uuid4().hex
    answer = ask(fleet.front, "GET", target, {"X-Request-ID": identity, **(headers or {})})
    assert answer["X-Request-ID"] == identity
    return answer, fleet.nginx.read_log(identity)["cache"]


@pytest.mark.parametrize("target", TARGETS)
def test_replicas_and_nginx_give_the_same_answer(fleet: Fleet, target: str) -> None:
    one, other = (describe(ask(Site(replica.url), "GET", target)) for replica in fleet.replicas)
    assert one == other
    assert [describe(ask(fleet.front, "GET", target)) for _ in range(2)] == [one, one]
    status, fields, _ = one
    assert describe(ask(fleet.front, "HEAD", target)) == describe(ask(Site(fleet.replicas[0].url), "HEAD", target))
    if "etag" in fields:
        assert status == 200
        same = ask(fleet.front, "GET", target, {"If-None-Match": f'"other", W/{fields["etag"]}'})
        if "public" in fields["cache-control"]:
            assert (same.status, same.body, same["ETag"]) == (304, b"", fields["etag"])
        else:  # nginx passes no condition on, and what it does not keep it does not compare
            assert (same.status, same["ETag"]) == (200, fields["etag"])


@pytest.mark.parametrize("accept", ["application/json", "application/x-npy", "text/csv;q=0.5, */*;q=0.1"])
@pytest.mark.parametrize("coding", ["gzip", "zstd, gzip", "br", "gzip;q=0, zstd;q=0"])
def test_representations_of_one_url_never_mix(fleet: Fleet, accept: str, coding: str) -> None:
    headers = {"Accept": accept, "Accept-Encoding": coding}
    expected = describe(ask(Site(fleet.replicas[0].url), "GET", f"{DIGITS}/rows", headers))
    answers = [ask_logged(fleet, f"{DIGITS}/rows", headers) for _ in range(2)]
    assert [describe(answer) for answer, _ in answers] == [expected, expected]
    assert answers[1][1] == "HIT"


def test_the_cache_answers_what_may_be_kept(fleet: Fleet) -> None:
    target = f"{TRAIN}/samples/77.png"
    assert [ask_logged(fleet, target)[1] for _ in range(3)] == ["MISS", "HIT", "HIT"]
    rev = ask(fleet.front, "GET", "/v1/datasets/mnist").json["rev"]
    pinned = f"{target}?rev={rev}"
    assert [ask_logged(fleet, pinned)[1] for _ in range(2)] == ["MISS", "HIT"]
    assert "immutable" in ask(fleet.front, "GET", pinned)["Cache-Control"]


@pytest.mark.parametrize("target", ["/readyz", f"{TRAIN}/rows?limit=0", "/mirrors/keras/mnist.npz"])
def test_the_cache_keeps_nothing_that_is_of_the_moment_or_large(fleet: Fleet, target: str) -> None:
    assert "HIT" not in [ask_logged(fleet, target)[1] for _ in range(2)]


def test_an_answer_with_addresses_in_it_has_those_of_its_client(fleet: Fleet) -> None:
    target = "/mirrors"
    for host in ("one.example", "two.example:81", "one.example"):
        answer = ask(fleet.front, "GET", target, {"Host": host})
        assert answer.status == 200
        assert f"http://{host}/".encode() in answer.body
    whole = split(exchange(fleet.front, f"GET http://three.example{target} HTTP/1.1\r\n".encode(), CLOSE))[0]
    assert b"http://three.example/" in whole.body


CLOSE = b"Host: four.example\r\nConnection: close\r\n\r\n"
"""The rest of a head."""


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-9"},
        {"Range": "bytes=-5"},
        {"Range": "bytes=4-8,10-12"},
        {"Range": "rows=1-2"},
        {"Range": "bytes=99999999-"},
        {"Range": "bytes=0-9", "If-Range": '"other"'},
        {"Range": "bytes=0-9", "If-Range": "Wed, 01 Jan 2020 00:00:00 GMT"},
        {"If-Match": '"other"'},
        {"If-Match": "*"},
        {"If-Unmodified-Since": "Wed, 01 Jan 2020 00:00:00 GMT"},
        {"If-Modified-Since": "Wed, 01 Jan 2020 00:00:00 GMT"},
        {"If-None-Match": "*"},
    ],
    ids=str,
)
@pytest.mark.parametrize("target", ["/mirrors/mnist/t10k-labels-idx1-ubyte.gz", f"{DIGITS}/rows?limit=3"])
def test_ranges_and_conditions_are_those_of_the_service(fleet: Fleet, target: str, headers: dict[str, str]) -> None:
    ask(fleet.front, "GET", target)  # now the cache has the whole
    expected = describe(ask(Site(fleet.replicas[0].url), "GET", target, headers))
    found = describe(ask(fleet.front, "GET", target, headers))
    assert found[0] == expected[0]
    assert found[2] == expected[2]
    for name in ("etag", "content-range", "cache-control", "vary"):
        assert found[1].get(name) == expected[1].get(name)


def test_who_identifies_himself_gets_nothing_from_the_cache(fleet: Fleet) -> None:
    target = f"{TRAIN}/samples/78.png"
    ask(fleet.front, "GET", target)
    assert ask_logged(fleet, target, {"Authorization": "Bearer secret"})[1] == ""
    assert ask_logged(fleet, target)[1] == "HIT"


def test_a_stream_waits_for_its_reader(fleet: Fleet) -> None:
    target = f"{TRAIN}/batches?steps=all&format=arrow&batch_size=256&scale=unit"
    with connect(fleet.front) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        identity = uuid.uuid4().hex
        head = f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\nX-Request-ID: {identity}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1_000).startswith(b"HTTP/1.1 200")
        other = ask(fleet.front, "GET", f"{TRAIN}/batches?steps=all&format=arrow&batch_size=256")
        assert len(other.body) > 47_000_000
    entry = fleet.nginx.read_log(identity)  # logged when the reader went away
    assert entry["cache"] == ""
    assert int(entry["replica_bytes"]) < 30_000_000  # of 188 million: no more than sockets hold


@pytest.mark.parametrize("target", ["/metrics", "//metrics", "/%6detrics", "/x/../metrics", "/digits/metrics"])
def test_metrics_are_not_public(fleet: Fleet, target: str) -> None:
    answer = ask(fleet.front, "GET", target)
    assert answer.status == 404
    assert b"digits_" not in answer.body


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"GET /metrics HTTP/1.1\r\n", "unknown-resource"),
        (b"GET /v1/datasets HTTP/1.1\r\nno field\r\n", "bad-request"),
        (b"POST /v1/datasets/mnist/train/take HTTP/1.1\r\nContent-Length: 3000000\r\n", "too-large"),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n", "uri-too-long"),
        (b"GET /v1/datasets HTTP/1.1\r\nA: " + b"a" * 40_000 + b"\r\n", "headers-too-large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_nginx_refuses_has_the_shape_of_the_services_problems(fleet: Fleet, head: bytes, name: str) -> None:
    body = b"0" * 3_000_000 if head.startswith(b"POST") else b""
    answer = split(exchange(fleet.front, head, CLOSE, body))[0]
    kind = KINDS[name]
    assert (answer.status, answer["Content-Type"]) == (kind.status, "application/problem+json")
    assert answer["Cache-Control"] == "no-store"
    problem = answer.json
    assert problem.keys() == {"type", "title", "status", "detail", "instance"}
    assert (problem["type"], problem["title"], problem["status"]) == (f"/problems/{name}", kind.title, kind.status)


def test_limits_of_nginx_are_wider_than_those_of_the_service(fleet: Fleet) -> None:
    for head, name in (
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n", "uri-too-long"),
        (
            b"GET /v1/datasets HTTP/1.1\r\n" + b"".join(b"A%d: %s\r\n" % (i, b"a" * 8_000) for i in range(5)),
            "headers-too",
        ),
    ):
        answer = split(exchange(fleet.front, head, CLOSE))[0]
        assert answer.json["type"].startswith(f"/problems/{name}")
        assert "X-Content-Type-Options" in answer.headers  # the service's own


def test_nginx_compresses_nothing_and_has_no_failed_replicas() -> None:
    text = CONFIGURATION.read_text(encoding="utf-8")
    assert "gzip" not in text  # it would weaken entity tags
    assert "max_fails=0" in text
