"""Any part of a body is the slice of its bytes, whether it is in memory, on disk, or made while it is sent."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope

from service.http.file_store import StoredFile, write_file
from service.http.memory_budget import COUNTED
from service.http.stored_response import PIECE, Body, StoredResponse
from tests import sites
from tests.http.expect import stable_headers

LARGE = bytes(range(251)) * (4 * PIECE // 251 + 1)
"""More than four pieces, of which no two are alike."""


@pytest.fixture(scope="module")
def stored() -> StoredFile:
    """The large body on disk."""
    return write_file([LARGE[:1_000], LARGE[1_000:]])


class Connection:
    """The other end of an ASGI connection; it takes everything at once, as a socket with room does."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    async def receive(self) -> Message:
        raise AssertionError("There is nothing to be read.")

    async def send(self, message: Message) -> None:
        self.taken.append(message)

    @property
    def head(self) -> Message:
        return self.taken[0]

    @property
    def bodies(self) -> list[bytes]:
        """What was sent after the head."""
        return [bytes(message["body"]) for message in self.taken[1:]]

    @property
    def pieces(self) -> list[bytes]:
        """The same without the empty message at the end of a large body."""
        bodies = self.bodies
        return bodies[:-1] if len(bodies) > 1 and not bodies[-1] else bodies


def scope_of(*, method: str = "GET", **headers: str) -> Scope:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": "/a", "headers": given}


async def send(body: Body, scope: Scope) -> Connection:
    connection = Connection()
    await StoredResponse([], '"tag"', body, route=None)(scope, connection.receive, connection.send)
    return connection


def assert_pieces(connection: Connection, expected: bytes) -> None:
    """Assert that a body came in as few pieces as its size allows."""
    assert b"".join(connection.pieces) == expected
    assert len(connection.pieces) == max(1, -(-len(expected) // PIECE))
    assert all(0 < len(piece) <= PIECE for piece in connection.pieces[:-1])
    assert (connection.bodies[-1] == b"") == (len(expected) >= COUNTED or not expected)
    assert [message.get("more_body", False) for message in connection.taken[1:]] == [
        *[True] * (len(connection.bodies) - 1),
        False,
    ]
    assert dict(connection.head["headers"])[b"content-length"] == b"%d" % len(expected)


AROUND = [0, 1, *(many * PIECE + more for many in (1, 2, 3) for more in (-1, 0, 1))]


@pytest.mark.parametrize("size", AROUND)
def test_a_body_of_any_size_is_sent_in_pieces(size: int) -> None:
    for body in (LARGE[:size], memoryview(LARGE)[:size], write_file([LARGE[:size]])):
        assert_pieces(asyncio.run(send(body, scope_of())), LARGE[:size])
        assert asyncio.run(send(body, scope_of(method="HEAD"))).pieces == [b""]


positions = st.integers(0, len(LARGE) - 1) | st.sampled_from([one for one in AROUND if one < len(LARGE)])


@given(ends=st.tuples(positions, positions).map(sorted))
def test_a_part_of_stored_bytes_is_the_slice_of_them(stored: StoredFile, ends: Sequence[int]) -> None:
    first, last = ends
    bodies: list[Body] = [LARGE, memoryview(LARGE), stored]
    for body in bodies:
        connection = asyncio.run(send(body, scope_of(range=f"bytes={first}-{last}")))
        assert connection.head["status"] == 206
        assert_pieces(connection, LARGE[first : last + 1])
        assert dict(connection.head["headers"])[b"content-range"] == b"bytes %d-%d/%d" % (first, last, len(LARGE))


@given(ends=st.tuples(st.integers(-10, len(LARGE) + 10) | positions, st.none() | positions))
def test_a_slice_of_a_file_is_the_slice_of_its_bytes(stored: StoredFile, ends: tuple[int, int | None]) -> None:
    part = slice(*ends)
    assert bytes(stored[part]) == LARGE[part]


@pytest.mark.parametrize("on_disk", [False, True])
def test_other_requests_get_their_turn_while_a_large_body_is_sent(stored: StoredFile, on_disk: bool) -> None:
    async def main() -> None:
        connection, seen = Connection(), []
        body: Body = stored if on_disk else LARGE
        response = StoredResponse([], '"tag"', body, route=None)
        sending = asyncio.create_task(response(scope_of(), connection.receive, connection.send))
        while not sending.done():
            seen.append(len(connection.taken))
            await asyncio.sleep(0)
        assert set(range(2, 6)) <= set(seen)  # after each piece but the last

    asyncio.run(main())


def test_a_file_that_is_being_sent_outlives_the_store() -> None:
    file: StoredFile | None = write_file([LARGE])
    assert file is not None
    piece = file[PIECE : PIECE + 5]
    file = None
    assert bytes(piece) == LARGE[PIECE : PIECE + 5]


# --- over a socket ----------------------------------------------------------------------------------------------------

HERE = "/v1/datasets/made/train"
WHOLES: dict[str, sites.Answer] = {}
"""Whole answers by target, so that each is asked for once."""


def whole_of(site: sites.Site, target: str) -> sites.Answer:
    if target not in WHOLES:
        WHOLES[target] = site.get(target)
    return WHOLES[target]


streams = st.fixed_dictionaries(
    {"steps": st.sampled_from(["all", "2", "3"]), "format": st.just("arrow")},
    optional={
        "batch_size": st.integers(1, 9),
        "world_size": st.integers(1, 3),
        "seed": st.integers(0, 3),
        "tail": st.sampled_from(["partial", "drop", "pad"]),
        "layout": st.sampled_from(["flat", "image", "chw", "hwc"]),
        "scale": st.sampled_from(["raw", "unit", "standard"]),
        "label": st.integers(0, 2),
    },
)


@given(data=st.data(), query=streams)
def test_a_part_of_a_stream_is_the_slice_of_the_whole(
    site: sites.Site, data: st.DataObject, query: dict[str, object]
) -> None:
    target = f"{HERE}/batches?{urlencode(query)}"
    whole = whole_of(site, target)
    if whole.status == 404:  # too few samples for one whole batch
        assert query.get("tail") == "drop"
        return
    size = len(whole.body)
    assert (whole.status, whole["Content-Length"], whole["Accept-Ranges"]) == (200, str(size), "bytes")
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size + 10))
    suffix = data.draw(st.integers(1, size + 10))
    for asked, expected in (
        (f"{first}-{last}", whole.body[first : last + 1]),
        (f"{first}-", whole.body[first:]),
        (f"-{suffix}", whole.body[-suffix:]),
    ):
        part = site.get(target, {"Range": f"bytes={asked}"})
        assert (part.status, part.body) == (206, expected)
        assert part["Content-Length"] == str(len(expected))
        start = size - len(expected) if asked.startswith("-") else first
        assert part["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/{size}"
    outside = site.get(target, {"Range": f"bytes={size}-"})
    assert (outside.status, outside["Content-Range"]) == (416, f"bytes */{size}")


@settings(max_examples=15)
@given(data=st.data())
def test_a_long_stream_of_a_real_dataset_is_resumed_anywhere(live: sites.Site, data: st.DataObject) -> None:
    target = "/v1/datasets/mnist/test/batches?steps=all&batch_size=256&seed=5&format=arrow"
    whole = whole_of(live, target)
    assert len(whole.body) > 7 * PIECE
    first = data.draw(st.integers(0, len(whole.body) - 1))
    last = data.draw(st.integers(first, min(first + 2 * PIECE, len(whole.body) - 1)))
    part = live.get(target, {"Range": f"bytes={first}-{last}", "If-Range": whole["ETag"]})
    assert (part.status, part.body) == (206, whole.body[first : last + 1])


def test_a_stream_of_unknown_length_takes_no_range(site: sites.Site) -> None:
    target = f"{HERE}/batches?steps=all&batch_size=4&format=ndjson"
    whole, part = site.get(target), site.get(target, {"Range": "bytes=0-4"})
    assert "Accept-Ranges" not in whole.headers
    assert (part.status, part.body) == (200, whole.body)
    assert "Content-Range" not in part.headers


HEADS = [
    f"{HERE}/rows",
    f"{HERE}/rows?format=npz",
    f"{HERE}/samples/0.png",
    f"{HERE}.csv",
    f"{HERE}/batches?steps=all&batch_size=3",
    "/",
    "/openapi.json",
]


@pytest.mark.parametrize("target", HEADS)
@pytest.mark.parametrize("asked", ["bytes=0-4", "bytes=-3", "bytes=999999999-", "bytes=x", "bytes=5-2", "items=1"])
def test_head_ignores_a_range(site: sites.Site, target: str, asked: str) -> None:
    for headers in ({"Range": asked}, {"Range": asked, "If-Range": site.get(target)["ETag"]}):
        head, plain = site.head(target, headers), site.head(target)
        assert (head.status, head.body) == (200, b"")
        assert stable_headers(head) == stable_headers(plain)
        assert head["Content-Length"] == str(len(site.get(target).body))


def test_a_range_with_a_condition_is_answered_by_the_condition_first(site: sites.Site) -> None:
    for target in (f"{HERE}.csv", f"{HERE}/batches?steps=all&batch_size=3", f"{HERE}/rows"):
        tag = site.get(target)["ETag"]
        for asked in ("bytes=0-4", "bytes=999999999-"):
            assert site.get(target, {"Range": asked, "If-None-Match": tag}).status == 304
            assert site.get(target, {"Range": asked, "If-Match": '"x"'}).status == 412
