"""The Memo: what is answered from memory is what was answered before, and memory is bounded."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from service.app import create_app
from service.settings import Settings
from service.web.memo import LARGEST_PART, OVERHEAD, Memo
from tests import made, sites

HERE = "/v1/datasets/made/train"
CHANGING = {"date", "x-request-id", "server-timing"}


class Echo:
    """An application whose body is as many letters as the path says; it counts what it is asked."""

    def __init__(self, *, status: int = 200, etag: bool = True, ranges: bool = False, pieces: int = 1) -> None:
        self.asked: list[str] = []
        self.status = status
        self.pieces = pieces
        self.headers = [(b"etag", b'"tag"')] * etag + [(b"accept-ranges", b"bytes")] * ranges

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        await send({"type": "http.response.start", "status": self.status, "headers": [*self.headers]})
        body = b"x" * int(scope["path"][1:] or 0)
        for piece in range(self.pieces):
            await send({"type": "http.response.body", "body": body, "more_body": piece + 1 < self.pieces})


def ask(
    memo: Memo, path: str, *, method: str = "GET", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> tuple[int, bytes]:
    """Status and body of the answer to a request."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    target, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
    }
    asyncio.run(memo({**scope, "headers": list(headers)}, receive, send))
    return sent[0]["status"], b"".join(message["body"] for message in sent[1:])


@given(st.lists(st.integers(0, 3_000), max_size=60), st.integers(0, 40_000))
def test_memory_is_bounded_whatever_is_asked(sizes: list[int], capacity: int) -> None:
    memo = Memo(Echo(), capacity=capacity)
    for size in sizes:
        assert ask(memo, f"/{size}") == (200, b"x" * size)
        assert 0 <= memo.size <= capacity
    assert memo.size == sum(len(answer.body["body"]) + OVERHEAD for answer in memo._answers.values())


def test_the_least_recently_used_answer_goes_first() -> None:
    app = Echo()
    memo = Memo(app, capacity=LARGEST_PART * (OVERHEAD + 10))
    for number in range(LARGEST_PART):
        ask(memo, f"/10?{number}")
    ask(memo, "/10?0")
    ask(memo, "/10?new")
    assert len(app.asked) == LARGEST_PART + 1
    ask(memo, "/10?0")
    assert len(app.asked) == LARGEST_PART + 1
    ask(memo, "/10?1")
    assert len(app.asked) == LARGEST_PART + 2


@pytest.mark.parametrize(
    "app",
    [Echo(status=404), Echo(status=206), Echo(etag=False), Echo(ranges=True), Echo(pieces=2)],
    ids=["problem", "part", "no etag", "file", "stream"],
)
def test_only_whole_public_answers_are_kept(app: Echo) -> None:
    memo = Memo(app, capacity=1_000_000)
    first, second = ask(memo, "/5"), ask(memo, "/5")
    assert first == second
    assert (len(app.asked), memo.size, memo.hits, memo.misses) == (2, 0, 0, 2)


def test_a_large_answer_does_not_drive_out_everything_else() -> None:
    app = Echo()
    memo = Memo(app, capacity=80_000)
    ask(memo, "/10")
    ask(memo, "/10000")
    ask(memo, "/10")
    assert app.asked == ["/10", "/10000"]
    assert memo.hits == 1


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE"])
def test_only_get_is_answered_from_memory(method: str) -> None:
    app = Echo()
    memo = Memo(app, capacity=1_000_000)
    for _ in range(2):
        ask(memo, "/3", method=method)
    assert (len(app.asked), memo.size) == (2, 0)


def test_a_capacity_of_zero_turns_it_off() -> None:
    app = Echo()
    memo = Memo(app, capacity=0)
    for _ in range(2):
        ask(memo, "/3")
    assert (len(app.asked), memo.hits, memo.misses) == (2, 0, 0)


def test_what_the_representation_depends_on_is_part_of_the_key() -> None:
    app = Echo()
    memo = Memo(app, capacity=1_000_000)
    for headers in ((), ((b"accept", b"text/csv"),), ((b"accept-encoding", b"gzip"),)):
        for query in ("", "?a", "?b"):
            for _ in range(2):
                ask(memo, f"/3{query}", headers=headers)
    assert len(app.asked) == 9
    ask(memo, "/3", headers=((b"accept", b"text/csv"), (b"accept", b"*/*")))
    ask(memo, "/3", headers=((b"accept", b"text/csv,*/*"),))
    assert len(app.asked) == 10


@pytest.mark.parametrize(("condition", "status"), [(b'"tag"', 304), (b'W/"tag"', 304), (b"*", 304), (b'"other"', 200)])
def test_a_condition_is_decided_from_memory(condition: bytes, status: int) -> None:
    app = Echo()
    memo = Memo(app, capacity=1_000_000)
    ask(memo, "/3")
    found = ask(memo, "/3", headers=((b"if-none-match", condition),))
    assert found == (status, b"" if status == 304 else b"xxx")
    assert app.asked == ["/3"]


@pytest.mark.parametrize(
    "target",
    [
        f"{HERE}/rows?limit=7",
        f"{HERE}/rows?format=csv",
        f"{HERE}/rows?format=npz",
        f"{HERE}/samples/1.png?scale=4&cmap=magma",
        f"{HERE}/labels",
        "/v1/datasets/made",
        "/docs",
    ],
)
@pytest.mark.parametrize(
    "headers", [{}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "zstd", "Accept": "*/*"}], ids=str
)
def test_an_answer_from_memory_is_the_first_one_byte_for_byte(target: str, headers: dict[str, str]) -> None:
    with (
        sites.serving(create_app(Settings(), [made.source()])) as site,
        sites.serving(create_app(Settings(response_cache_bytes=0), [made.source()])) as without,
    ):
        first, second, never = site.get(target, headers), site.get(target, headers), without.get(target, headers)
        assert "memo" not in first["Server-Timing"]
        assert "memo" in second["Server-Timing"]
        assert first.body == second.body == never.body
        assert lasting(first) == lasting(second) == lasting(never)
        head = site.head(target, headers)
        assert "memo" in head["Server-Timing"]
        assert (head.body, lasting(head)) == (b"", lasting(first))
        condition = {**headers, "If-None-Match": first["ETag"]}
        unchanged, computed = site.get(target, condition), without.get(target, condition)
        assert "memo" in unchanged["Server-Timing"]
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert lasting(unchanged) == lasting(computed)


def lasting(answer: sites.Answer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() not in CHANGING}


def test_problems_and_files_are_not_kept(site: sites.Site) -> None:
    for target in (f"{HERE}/rows?limit=0", f"{HERE}.csv", "/livez", f"{HERE}/rows?rev=wrong"):
        for _ in range(3):
            assert "memo" not in site.get(target)["Server-Timing"]
