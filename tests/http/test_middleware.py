"""What every answer has: identity, time, CORS; and a failure that tells nothing of the inside."""

import asyncio
import logging
import re
from dataclasses import replace

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.app import create_app
from service.data.dataset import Dataset, verify
from service.datasets.source import Source
from service.http.metrics import Metrics
from service.http.middleware import (
    LARGEST_HEADERS,
    LONGEST_TARGET,
    RequestMetricsMiddleware,
    find_refusal,
)
from service.settings import Settings
from tests import made, sites

HERE = "/v1/datasets/made/train"
ANSWERS = [HERE, f"{HERE}/rows?format=npz", f"{HERE}.csv", "/livez", "/nowhere", f"{HERE}/rows?limit=0"]

every_answer = pytest.mark.parametrize("target", ANSWERS)


@every_answer
@pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 128])
def test_a_usable_request_id_is_taken(site: sites.Site, target: str, given: str) -> None:
    assert site.get(target, {"X-Request-ID": given})["X-Request-ID"] == given


@every_answer
@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a,b", "é", "<script>", None])
def test_instead_of_an_unusable_request_id_one_is_made(site: sites.Site, target: str, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-ID": given}
    made_ids = {site.get(target, headers)["X-Request-ID"] for _ in range(3)}
    assert len(made_ids) == 3
    assert all(re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", one) for one in made_ids)


@every_answer
def test_the_time_spent_is_told(site: sites.Site, target: str) -> None:
    found = re.fullmatch(
        r"(cache, )?((wait|encode|build|compress);dur=\d+\.\d\d, )*total;dur=(\d+\.\d\d)",
        site.get(target)["Server-Timing"],
    )
    assert found
    assert float(found[4]) < 60_000


def test_long_work_tells_how_long_its_parts_took() -> None:
    with sites.serving(create_app(Settings(), [made.source()])) as site:
        built = site.get(f"{HERE}.csv")["Server-Timing"]
        assert [part.partition(";")[0] for part in built.split(", ")] == ["wait", "build", "total"]
        durations = [float(part.partition("dur=")[2]) for part in built.split(", ")]
        assert sum(durations[:-1]) <= durations[-1] + 0.02
        assert site.get(f"{HERE}.csv")["Server-Timing"].startswith("total;")
        encoded = site.get("/openapi.json", {"Accept-Encoding": "gzip"})["Server-Timing"]
        assert [part.partition(";")[0] for part in encoded.split(", ")] == ["wait", "encode", "compress", "total"]


@every_answer
def test_any_page_may_read_any_answer_with_every_header(site: sites.Site, target: str) -> None:
    answer = site.get(target, {"Origin": "https://example.org"})
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" not in answer.headers.get("Vary", "")
    exposed = {name.lower() for name in answer["Access-Control-Expose-Headers"].split(", ")}
    safe = {"cache-control", "content-length", "content-type"}  # readable without being exposed
    hidden = {"date", "x-content-type-options", "cross-origin-resource-policy", "timing-allow-origin"}
    own = {name.lower() for name in answer.headers if not name.lower().startswith("access-control-")}
    assert own - safe - hidden <= exposed


def test_a_preflight_is_answered_for_every_path(site: sites.Site) -> None:
    asked = {
        "Origin": "https://example.org",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "range, x-request-id",
    }
    for target in ANSWERS:
        answer = site.send("OPTIONS", target, asked)
        assert (answer.status, answer.body) == (204, b"")
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert {"GET", "HEAD", "OPTIONS"} <= set(answer["Access-Control-Allow-Methods"].split(", "))
        assert answer["Access-Control-Allow-Headers"] == "range, x-request-id"
        assert int(answer["Access-Control-Max-Age"]) > 0
        assert "Access-Control-Request-Headers" in answer["Vary"]


def test_options_without_an_origin_tells_the_methods(site: sites.Site) -> None:
    answer = site.send("OPTIONS", f"{HERE}/rows")
    assert (answer.status, answer["Allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("target", ANSWERS)
def test_only_configured_origins_may_read_and_caches_are_told(target: str) -> None:
    origins = ("https://one.example", "https://two.example")
    with sites.serving(create_app(Settings(cors_origins=origins), [made.source()])) as site:
        for _ in range(2):  # the second time from memory
            for origin in (*origins, "https://one.example.evil", "null", None):
                answer = site.get(target, {"Origin": origin} if origin else {})
                assert answer.headers.get("Access-Control-Allow-Origin") == (origin if origin in origins else None)
                assert "Origin" in re.split(r",\s*", answer["Vary"])
        asked = {"Access-Control-Request-Method": "GET"}
        allowed = site.send("OPTIONS", target, {**asked, "Origin": origins[1]})
        refused = site.send("OPTIONS", target, {**asked, "Origin": "https://evil.example"})
        assert allowed["Access-Control-Allow-Origin"] == origins[1]
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_no_origins_are_no_cors() -> None:
    with sites.serving(create_app(Settings(cors_origins=()), [made.source()])) as site:
        assert "Access-Control-Allow-Origin" not in site.get(HERE, {"Origin": "https://example.org"}).headers


PAGES = ("/", "/v1/datasets", "/v1/datasets/made/train", "/problems", "/no/such/page", f"/?{'a' * 9_000}")
"""Pages of all kinds: files, cards, problems, and a problem that is answered early."""


@pytest.mark.parametrize(
    ("origins", "directive"),
    [
        ((), "frame-ancestors 'none'"),
        (("*",), "frame-ancestors *"),
        (("self", "https://a.example"), "frame-ancestors 'self' https://a.example"),
    ],
)
def test_only_configured_origins_may_show_pages_in_a_frame(origins: tuple[str, ...], directive: str) -> None:
    with sites.serving(create_app(Settings(frame_ancestors=origins), [made.source()])) as site:
        for page in PAGES * 2:  # the second time from memory
            answer = site.get(page, {"Accept": "text/html"})
            assert answer["Content-Type"] == "text/html; charset=utf-8"
            directives = answer["Content-Security-Policy"].split("; ")
            assert [one for one in directives if one.startswith("frame-")] == [directive]
            assert len(directives) > 4
        tag = site.get("/")["ETag"]
        assert directive in site.get("/", {"If-None-Match": tag})["Content-Security-Policy"]
        assert "Content-Security-Policy" not in site.get("/v1/datasets").headers


def test_a_browser_is_told_not_to_guess_types(site: sites.Site) -> None:
    assert all(site.get(target)["X-Content-Type-Options"] == "nosniff" for target in ANSWERS)


def broken() -> Source:
    """A dataset whose card names fewer classes than its labels have: to tell a label's name fails."""
    images, labels = made.values()
    card = replace(made.card(images, labels), classes=("ant",))

    def load() -> Dataset:
        return verify(card, images, labels)

    return Source(card, load)


def test_a_failure_tells_nothing_of_the_inside_and_has_every_header(caplog: pytest.LogCaptureFixture) -> None:
    with sites.serving(create_app(Settings(), [broken()])) as site:
        index = int(made.values()[1].argmax())
        with caplog.at_level(logging.ERROR):
            answer = site.get(f"{HERE}/samples/{index}", {"Origin": "https://example.org", "X-Request-ID": "my-id"})
        assert answer.status == 500
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["Cache-Control"] == "no-store"
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["X-Request-ID"] == "my-id"
        assert answer["Server-Timing"]
        assert answer.json == {
            "type": "/problems/internal-error",
            "title": "The service failed",
            "status": 500,
            "detail": "Something went wrong that is not your fault; report it with the request id my-id.",
            "instance": f"{HERE}/samples/{index}",
        }
        assert "IndexError" in caplog.text
        assert "request my-id failed" in caplog.text
        head = site.head(f"{HERE}/samples/{index}")
        assert (head.status, head.body) == (500, b"")
        assert b"\ndigits_failed_requests_total 2.0\n" in site.get("/metrics").body
        assert site.get("/livez").status == 200


def test_a_failure_after_the_head_was_sent_is_not_hidden_from_the_server() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise OSError("gone")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": []}
    metrics = Metrics()

    async def answer() -> None:
        await RequestMetricsMiddleware(app, metrics=metrics)(scope, receive, send)

    with pytest.raises(OSError, match="gone"):
        asyncio.run(answer())
    assert metrics.in_flight == 0
    text, _ = asyncio.run(metrics.write())
    assert b"digits_failed_requests_total 1.0" in text
    assert b'digits_requests_total{method="GET",route="unmatched",status="200"} 1.0' in text
    assert [message["type"] for message in sent] == ["http.response.start"]


def refuse(target: bytes = b"/", query: bytes = b"", **headers: bytes) -> str | None:
    """The kind of problem with which a request is refused before anything looks at it."""
    given = [(name.encode(), value) for name, value in headers.items()]
    scope = {"http_version": "1.0", "raw_path": target, "query_string": query, "headers": given}
    refusal = find_refusal(scope)
    return refusal and refusal[0]


def test_what_is_too_large_or_ambiguous_is_refused_at_the_bound() -> None:
    assert refuse(b"/" * (LONGEST_TARGET - 9), b"x" * 9) is None
    assert refuse(b"/" * (LONGEST_TARGET - 9), b"x" * 10) == "uri-too-long"
    assert refuse(a=b"x" * (LARGEST_HEADERS - 1)) is None
    assert refuse(a=b"x" * LARGEST_HEADERS) == "headers-too-large"
    assert refuse(b"/a%2Fb") == refuse(b"/a%2fb") == "unknown-resource"
    assert refuse(b"/a%25b") is None
