"""The response cache: what it answers is what was answered before, and what it holds is bounded."""

import asyncio
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from service.app import create_app
from service.http.response_cache import LARGEST_PART, OVERHEAD, ResponseCache, ResponseCacheMiddleware, key_of
from service.http.stored_response import StoredResponse
from service.settings import Settings
from tests import made, sites
from tests.http.expect import stable_headers

HERE = "/v1/datasets/made/train"


def scope_of(path: str, *, method: str = "GET", **headers: str) -> Scope:
    """A request; `path` may have a query."""
    target, _, query = path.partition("?")
    given = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {
        "type": "http",
        "method": method,
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "headers": given,
    }


def response_of(size: int) -> StoredResponse:
    return StoredResponse([(b"etag", b'"tag"')], '"tag"', b"x" * size, route=None)


@given(st.lists(st.integers(0, 3_000), max_size=60), st.integers(0, 40_000))
def test_the_size_is_the_sum_of_the_weights_and_bounded_whatever_is_stored(sizes: list[int], capacity: int) -> None:
    cache = ResponseCache(capacity=capacity)
    for size in sizes:
        cache.store(scope_of(f"/{size}"), response_of(size))
        assert 0 <= cache.size <= capacity
    weights = [weight for _, weight in cache._responses.values()]
    assert cache.size == sum(weights)
    assert all(weight >= OVERHEAD for weight in weights)


def test_storing_an_answer_again_does_not_change_the_size() -> None:
    cache = ResponseCache(capacity=1_000_000)
    cache.store(scope_of("/a"), response_of(500))
    size = cache.size
    for _ in range(1_000):
        cache.store(scope_of("/a"), response_of(500))
    assert cache.size == size
    cache.store(scope_of("/b"), response_of(500))
    assert cache.size == 2 * size


def test_the_least_recently_used_answer_is_dropped_first() -> None:
    cache = ResponseCache(capacity=LARGEST_PART * (OVERHEAD + 200))
    for number in range(LARGEST_PART):
        cache.store(scope_of(f"/{number}"), response_of(150))
    assert cache.find(scope_of("/0"))
    cache.store(scope_of("/new"), response_of(150))
    assert cache.find(scope_of("/0"))
    assert cache.find(scope_of("/1")) is None
    assert cache.find(scope_of("/new"))


def test_a_large_answer_does_not_replace_everything_else() -> None:
    cache = ResponseCache(capacity=80_000)
    cache.store(scope_of("/small"), response_of(10))
    cache.store(scope_of("/large"), response_of(10_000))
    assert cache.find(scope_of("/large")) is None
    assert cache.find(scope_of("/small"))


def test_a_capacity_of_zero_turns_it_off() -> None:
    cache = ResponseCache(capacity=0)
    cache.store(scope_of("/a"), response_of(3))
    assert cache.find(scope_of("/a")) is None
    assert (cache.size, cache.hits, cache.misses) == (0, 0, 1)


def test_the_key_is_all_that_the_representation_depends_on() -> None:
    different = [
        scope_of("/a"),
        scope_of("/b"),
        scope_of("/a?x"),
        scope_of("/a", accept="text/csv"),
        scope_of("/a", accept_encoding="gzip"),
        scope_of("/a", accept_encoding="zstd"),
    ]
    assert len({key_of(scope) for scope in different}) == len(different)
    same = [
        scope_of("/a", accept_encoding="gzip"),
        scope_of("/a", accept_encoding="gzip, br"),
        scope_of("/a", accept_encoding="gzip", user_agent="x", method="HEAD"),
        scope_of("/a", accept_encoding="gzip", if_none_match="*"),
    ]
    assert len({key_of(scope) for scope in same}) == 1


LONG_PATH = "/" + "p" * 8_000
WORST: dict[str, Callable[[int], Scope]] = {
    "small": lambda number: scope_of(f"/{number}"),
    "long paths": lambda number: scope_of(f"{LONG_PATH}{number}"),
    "long queries": lambda number: scope_of(f"/?{number}{'q' * 8_000}"),
    "long accept": lambda number: scope_of("/", accept=f"{number}" + "a" * 31_000),
    "long accept of other letters": lambda number: scope_of("/", accept=f"{number}" + "é" * 31_000),
    "long accept in lines": lambda number: {
        **scope_of("/"),
        "headers": [(b"accept", b"%d" % number + b"a" * 90)] * 300,
    },
    "long accept-encoding": lambda number: scope_of(f"/{number}", accept_encoding="x" * 31_000 + ", gzip"),
}


@pytest.mark.parametrize("worst", WORST)
@pytest.mark.parametrize("size", [0, 3_000])
def test_memory_is_bounded_by_the_capacity_whatever_the_key(worst: str, size: int) -> None:
    capacity = 2_000_000
    names = [b"content-type", b"etag", b"cache-control", b"last-modified", b"link", b"total-count", b"vary"]
    cache = ResponseCache(capacity=capacity)
    key_of(WORST[worst](0))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(1_500):
            headers = [(name, bytes(bytearray(b"v" * 60))) for name in names]
            cache.store(WORST[worst](number), StoredResponse(headers, f'"{number}"', bytes(size), route=None))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert cache.size > capacity / 2
    assert after - before <= 1.3 * capacity


class Echo:
    """An application that counts the requests that it answers."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        self.asked += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"app"})


def ask(app: ResponseCacheMiddleware, scope: Scope) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(app(scope, receive, send))
    return sent


@pytest.mark.parametrize(
    ("method", "body"), [("GET", b"xxx"), ("HEAD", b""), ("POST", b"app"), ("OPTIONS", b"app"), ("DELETE", b"app")]
)
def test_get_and_head_are_answered_from_the_cache_and_no_other_method(method: str, body: bytes) -> None:
    echo, cache = Echo(), ResponseCache(capacity=1_000_000)
    app, scope = ResponseCacheMiddleware(echo, cache=cache), scope_of("/", method=method)
    cache.store(scope_of("/"), StoredResponse([], '"tag"', b"xxx", route="the route"))
    assert ask(app, scope)[1]["body"] == body
    assert (echo.asked, scope.get("route")) == ((1, None) if body == b"app" else (0, "the route"))


@pytest.mark.parametrize("name", ["if-none-match", "if-match", "range", "if-modified-since"])
def test_a_conditional_request_is_answered_from_the_cache(name: str) -> None:
    echo, cache = Echo(), ResponseCache(capacity=1_000_000)
    cache.store(scope_of("/"), response_of(3))
    values = {"range": "bytes=1-1", "if-modified-since": "Mon, 01 Jan 2125 00:00:00 GMT"}
    start, _ = ask(ResponseCacheMiddleware(echo, cache=cache), scope_of("/", **{name: values.get(name, '"tag"')}))
    assert start["status"] == {"range": 206, "if-match": 200}.get(name, 304)
    assert (echo.asked, cache.hits) == (0, 1)


TARGETS = [
    f"{HERE}/rows?limit=7",
    f"{HERE}/rows?format=csv",
    f"{HERE}/rows?format=npz",
    f"{HERE}/rows?format=parquet&limit=3",
    f"{HERE}/samples/1.png?scale=4&cmap=magma",
    f"{HERE}/batches",
    f"{HERE}/labels",
    f"{HERE}/statistics",
    "/v1/datasets/made",
    "/docs",
    "/openapi.json",
]


@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "zstd", "Accept": "*/*"}])
def test_an_answer_from_the_cache_is_the_first_one_byte_for_byte(headers: dict[str, str]) -> None:
    with (
        sites.serving(create_app(Settings(), [made.source()])) as site,
        sites.serving(create_app(Settings(response_cache_bytes=0), [made.source()])) as without,
    ):
        for target in TARGETS:
            first, second, never = site.get(target, headers), site.get(target, headers), without.get(target, headers)
            assert "cache" not in first["Server-Timing"]
            assert "cache" in second["Server-Timing"]
            assert "cache" not in never["Server-Timing"]
            assert first.body == second.body == never.body
            assert stable_headers(first) == stable_headers(second) == stable_headers(never)
            head = site.head(target, headers)
            assert "cache" in head["Server-Timing"]
            assert (head.body, stable_headers(head)) == (b"", stable_headers(first))
            condition = {**headers, "If-None-Match": first["ETag"]}
            unchanged, computed = site.get(target, condition), without.get(target, condition)
            assert "cache" in unchanged["Server-Timing"]
            assert (unchanged.status, unchanged.body) == (304, b"")
            assert stable_headers(unchanged) == stable_headers(computed)


def test_problems_files_streams_and_health_are_not_stored(site: sites.Site) -> None:
    paths = (f"{HERE}/rows?limit=0", f"{HERE}.csv", f"{HERE}/batches?steps=all", "/livez", f"{HERE}/rows?rev=wrong")
    for target in paths:
        for _ in range(3):
            assert "cache" not in site.get(target)["Server-Timing"]
