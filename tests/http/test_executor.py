"""Caching, conditions, HEAD and content codings: promises that hold for every route."""

import asyncio
import base64
import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from urllib.parse import quote

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from starlette.types import Message

from service import __version__
from service.app import RELEASE, create_app
from service.data.dataset import Dataset
from service.formats import ENCODERS
from service.http.encoder_pool import INLINE, EncoderPool
from service.http.executor import Executor
from service.http.file_store import FileStore
from service.http.memory_budget import COUNTED, MemoryBudget
from service.http.parameters import RevisionQuery
from service.http.problems import ChangedData, Overloaded, PreconditionFailed
from service.http.representation import File, Finished, Listing, Original, Pieces, Representation, Whole
from service.http.request import ApiRequest
from service.http.response_cache import ResponseCache
from service.http.stored_response import NotModifiedResponse, SingleResponse, StoredResponse
from service.settings import Settings
from tests import made, sites
from tests.http.expect import assert_problem, stable_headers

HERE = "/v1/datasets/made/train"

CARDS = ["/v1/datasets", "/v1/datasets/made", HERE]
"""Their text may change with a release, so `rev` does not pin it."""

PARTS = ("rows", "samples/0", "samples/0/neighbors", "labels", "statistics", "batches/plan", "order", "projection")
JSON = [*CARDS, *(f"{HERE}/{part}" for part in PARTS), f"{HERE}/grid.json", f"{HERE}/batches?format=json"]
TEXT = [
    *JSON,
    f"{HERE}/rows?format=csv",
    f"{HERE}/rows?format=ndjson",
    "/docs",
    "/openapi.json",
    "/problems/unavailable",
]
BINARY = [f"{HERE}/rows?format={name}" for name in ("npy", "npz", "arrow", "parquet", "safetensors")]
BINARY += [f"{HERE}/order?format=npy", *(f"{HERE}/batches?format={name}" for name in ("npz", "npy", "safetensors"))]
DRAWN = ("samples/0.png", "samples/0.webp", "labels/0/mean.png", "labels/0/std.png", "grid.png", "grid.webp")
PICTURES = [f"{HERE}/{part}" for part in DRAWN]
STREAMS = [f"{HERE}/batches?steps=all&batch_size=3&format={name}" for name in ("arrow", "ndjson")]
FILES = [f"{HERE}.{suffix}" for suffix in ("parquet", "arrow", "arrows", "npz", "csv", "ndjson")]
DATA = [target for target in [*TEXT, *BINARY, *PICTURES, *FILES] if target.startswith("/v1")]

every_data = pytest.mark.parametrize("target", DATA)
every_target = pytest.mark.parametrize("target", [*TEXT, *BINARY, *PICTURES, *FILES])


def pinned(target: str, rev: str) -> str:
    return f"{target}{'&' if '?' in target else '?'}rev={rev}"


@pytest.fixture
def revision(site: sites.Site, tiny: Dataset, target: str) -> str:
    """The revision of whatever the target is about."""
    if target == "/v1/datasets":
        return str(site.get(target + "?rev=0").json["detail"].split("'")[3])
    return tiny.rev


@pytest.mark.parametrize(
    "target", [*TEXT, *BINARY, *PICTURES, *FILES, "/", "/livez", "/readyz", "/nowhere", f"{HERE}/rows?limit=0"]
)
@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}], ids=str)
def test_head_is_get_without_a_body(site: sites.Site, target: str, headers: dict[str, str]) -> None:
    head, get = site.head(target, headers), site.get(target, headers)
    assert head.body == b""
    assert head.status == get.status
    assert stable_headers(head) == stable_headers(get)
    if get.status not in (204, 304):
        assert head["Content-Length"] == str(len(get.body))


def fresh() -> AbstractContextManager[sites.Site]:
    """A server that has answered nothing yet."""
    return sites.serving(create_app(Settings(), [made.source()]))


def test_a_get_after_a_head_is_whole() -> None:
    headers: list[dict[str, str]] = [{}, {"Accept-Encoding": "gzip"}]
    with fresh() as site, fresh() as other:
        for target in [*TEXT, *BINARY, *PICTURES, *FILES, *STREAMS]:
            for accepted in headers:
                head, get, again = (ask(target, accepted) for ask in (site.head, site.get, site.head))
                assert (head.status, get.status, again.status) == (200, 200, 200)
                assert get.body
                assert get.body == other.get(target, accepted).body
                assert stable_headers(head) == stable_headers(get) == stable_headers(again)
                assert head.body == again.body == b""


def test_gets_and_heads_at_the_same_time_are_as_one_after_the_other() -> None:
    with fresh() as site, fresh() as other, ThreadPoolExecutor(12) as threads:
        for target in [*STREAMS, f"{HERE}/rows?format=parquet", f"{HERE}.csv", f"{HERE}/statistics", *CARDS]:
            asked = [site.head, site.get] * 6
            answers = list(threads.map(lambda ask, target=target: ask(target), asked))
            expected = other.get(target)
            assert {answer.body for answer in answers[::2]} == {b""}
            assert {answer.body for answer in answers[1::2]} == {expected.body}
            for answer in answers:
                assert (answer.status, stable_headers(answer)) == (200, stable_headers(expected))


@pytest.mark.parametrize(
    "target",
    [HERE, "/v1/datasets", f"{HERE}/labels", f"{HERE}/statistics", f"{HERE}/samples/0/neighbors", f"{HERE}/projection"],
)
def test_first_requests_that_meet_leave_one_answer_in_the_cache(target: str) -> None:
    with fresh() as site, fresh() as other, ThreadPoolExecutor(8) as threads:
        bodies = set(threads.map(lambda _: site.get(target).body, range(8)))
        assert bodies == {other.get(target).body}
        assert stored_bytes(site) == stored_bytes(other) > 0


def stored_bytes(site: sites.Site) -> float:
    text = site.get("/metrics").body.decode()
    return float(text.partition("\ndigits_response_cache_bytes ")[2].partition("\n")[0])


@every_target
def test_an_etag_is_strong_and_quoted_and_stays_the_same(site: sites.Site, target: str) -> None:
    tag = site.get(target)["ETag"]
    assert tag.startswith('"')
    assert tag.endswith('"')
    assert len(tag) > 20
    assert site.get(target)["ETag"] == tag


@every_target
@pytest.mark.parametrize("condition", ["{0}", "W/{0}", '"x", {0}', '"x",W/{0},"y"', "*"])
def test_what_the_client_has_is_not_sent_again(site: sites.Site, target: str, condition: str) -> None:
    whole = site.get(target)
    answer = site.get(target, {"If-None-Match": condition.format(whole["ETag"])})
    assert (answer.status, answer.body) == (304, b"")
    kept = {
        name: value
        for name, value in stable_headers(whole).items()
        if name in ("etag", "cache-control", "vary", "link")
    }
    assert {name: value for name, value in stable_headers(answer).items() if name in kept} == kept
    for name in ("Content-Type", "Content-Length", "Content-Encoding", "Accept-Ranges", "Repr-Digest"):
        assert name not in answer.headers


@every_target
@pytest.mark.parametrize("condition", ['"x"', "x", 'W/"x", "y"', '""'])
def test_what_the_client_does_not_have_is_sent(site: sites.Site, target: str, condition: str) -> None:
    answer = site.get(target, {"If-None-Match": condition})
    assert answer.status == 200
    assert answer.body == site.get(target).body


@every_data
def test_with_its_revision_an_answer_is_the_same_and_may_be_kept_for_ever(
    site: sites.Site, target: str, revision: str
) -> None:
    plain, for_ever = site.get(target), site.get(pinned(target, revision))
    assert plain["Cache-Control"] == "public, max-age=3600"
    is_card = target in CARDS
    assert for_ever["Cache-Control"] == ("public, max-age=3600" if is_card else "public, max-age=31536000, immutable")
    assert for_ever["ETag"] == plain["ETag"]
    assert for_ever.body == plain.body


@pytest.mark.parametrize("target", TEXT)
def test_text_is_coded_as_the_client_likes_with_an_etag_for_each_coding(site: sites.Site, target: str) -> None:
    plain = site.get(target)
    zipped, zstd = (site.get(target, {"Accept-Encoding": coding}) for coding in ("gzip", "zstd"))
    assert "Content-Encoding" not in plain.headers
    assert (zipped["Content-Encoding"], zstd["Content-Encoding"]) == ("gzip", "zstd")
    assert gzip.decompress(zipped.body) == plain.body
    assert zstandard.ZstdDecompressor().decompressobj().decompress(zstd.body) == plain.body
    assert len({plain["ETag"], zipped["ETag"], zstd["ETag"]}) == 3
    for answer in (plain, zipped, zstd):
        assert "Accept-Encoding" in answer["Vary"].split(", ")
        assert answer["Content-Type"] == plain["Content-Type"]
        assert answer["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize("target", TEXT)
def test_a_coded_answer_is_conditional_on_its_own_etag(site: sites.Site, target: str) -> None:
    zipped = site.get(target, {"Accept-Encoding": "gzip"})["ETag"]
    assert site.get(target, {"Accept-Encoding": "gzip", "If-None-Match": zipped}).status == 304
    assert site.get(target, {"Accept-Encoding": "zstd", "If-None-Match": zipped}).status == 200
    assert site.get(target, {"If-None-Match": zipped}).status == 200


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.1", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0, *", "zstd"),
        ("identity", None),
        ("identity;q=1, *;q=0", None),
        ("*", "zstd"),
        ("br", None),
        ("", None),
        ("GZIP", "gzip"),
    ],
)
def test_accept_encoding_is_read_with_its_qualities(site: sites.Site, accepted: str, coding: str | None) -> None:
    answer = site.get(f"{HERE}/rows", {"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == coding


@pytest.mark.parametrize("target", [*BINARY, *PICTURES, *FILES])
def test_what_is_packed_already_is_never_coded(site: sites.Site, target: str) -> None:
    answer = site.get(target, {"Accept-Encoding": "gzip, zstd, *"})
    assert "Content-Encoding" not in answer.headers
    assert "Accept-Encoding" not in answer.headers.get("Vary", "")
    assert answer["ETag"] == site.get(target)["ETag"]
    assert answer.body == site.get(target).body


RANGES = [("bytes=0-4", 0, 5), ("bytes=3-", 3, None), ("bytes=-7", -7, None), ("bytes=1-99999999999", 1, None)]


@pytest.mark.parametrize("target", [*TEXT, *BINARY, *PICTURES, *FILES, STREAMS[0], "/", "/client.js"])
def test_every_answer_whose_bytes_are_fixed_is_sent_in_parts(site: sites.Site, target: str) -> None:
    whole = site.get(target)
    assert whole["Accept-Ranges"] == "bytes"
    for text, start, stop in RANGES:
        part = site.get(target, {"Range": text, "Accept-Encoding": "gzip, zstd"})
        assert part.status == 206
        assert part.body == whole.body[start:stop]
        first = start if start >= 0 else len(whole.body) + start
        assert part["Content-Range"] == f"bytes {first}-{first + len(part.body) - 1}/{len(whole.body)}"
        assert part["Content-Length"] == str(len(part.body))
        for name in ("ETag", "Content-Type", "Last-Modified", "Cache-Control"):
            assert part[name] == whole[name]
        head = site.head(target, {"Range": text})
        assert (head.status, stable_headers(head)) == (200, stable_headers(whole))
    outside = site.get(target, {"Range": f"bytes={len(whole.body)}-"})
    assert_problem(outside, "range-not-satisfiable")
    assert outside["Content-Range"] == f"bytes */{len(whole.body)}"


@pytest.mark.parametrize("target", [*JSON, *BINARY, *PICTURES, FILES[0], STREAMS[0]])
def test_if_range_gives_a_part_of_the_same_bytes_only(site: sites.Site, target: str) -> None:
    whole = site.get(target)
    wrong = ('"other"', f"W/{whole['ETag']}", whole["Last-Modified"], "Mon, 01 Jan 2001 00:00:00 GMT")
    assert site.get(target, {"Range": "bytes=0-3", "If-Range": whole["ETag"]}).body == whole.body[:4]
    for validator in wrong:
        answer = site.get(target, {"Range": "bytes=0-3", "If-Range": validator})
        assert (answer.status, answer.body) == (200, whole.body)


@pytest.mark.parametrize("target", [*JSON, *BINARY, *PICTURES, *FILES, *STREAMS])
def test_preconditions_are_honoured(site: sites.Site, target: str) -> None:
    tag = site.get(target)["ETag"]
    past, future = "Mon, 01 Jan 2001 00:00:00 GMT", "Mon, 01 Jan 2125 00:00:00 GMT"
    for _ in range(2):  # the second time from the cache
        for failing in ({"If-Match": '"x"'}, {"If-Match": f"W/{tag}"}, {"If-Unmodified-Since": past}):
            assert_problem(site.get(target, failing), "precondition-failed")
            assert site.head(target, failing).status == 412
        for holding in ({"If-Match": tag}, {"If-Match": "*"}, {"If-Unmodified-Since": future}):
            assert site.head(target, holding).status == 200
        unchanged = site.get(target, {"If-Modified-Since": future})
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert site.get(target, {"If-Modified-Since": site.get(target)["Last-Modified"]}).status == 304
        assert site.head(target, {"If-Modified-Since": past}).status == 200


@pytest.mark.parametrize("target", FILES)
def test_the_digest_of_a_file_is_that_of_its_whole_content(site: sites.Site, target: str) -> None:
    whole = site.get(target)
    digest = base64.b64encode(hashlib.sha256(whole.body).digest()).decode()
    for answer in (whole, site.head(target), site.get(target, {"Range": "bytes=0-9"})):
        assert answer["Repr-Digest"] == f"sha-256=:{digest}:"


@given(
    rows=st.fixed_dictionaries(
        {},
        optional={
            "offset": st.sampled_from(["0", "00", "3", "03"]),
            "limit": st.sampled_from(["5", "05", "100", "0100"]),
            "scale": st.sampled_from(["raw", "unit"]),
            "seed": st.sampled_from(["0", "7"]),
            "label": st.sampled_from(["1", "01"]),
            "format": st.sampled_from(["json", "csv", "npz"]),
        },
    ),
    swapped=st.booleans(),
    coding=st.sampled_from(["", "gzip"]),
)
def test_the_same_etag_means_the_same_bytes(site: sites.Site, rows: dict[str, str], swapped: bool, coding: str) -> None:
    pairs = sorted(rows.items(), reverse=swapped)
    answer = site.get(
        f"{HERE}/rows?" + "&".join(f"{name}={value}" for name, value in pairs), {"Accept-Encoding": coding}
    )
    assert answer.status == 200
    before = SEEN.setdefault(answer["ETag"], answer.body)
    assert before == answer.body


SEEN: dict[str, bytes] = {}
"""Bodies by the entity tags they came with."""


def test_writing_a_default_or_zeros_does_not_make_another_resource(site: sites.Site) -> None:
    tags = {
        site.get(f"{HERE}/rows{query}")["ETag"]
        for query in ("", "?limit=100", "?offset=0&limit=0100", "?limit=100&scale=raw&layout=flat")
    }
    assert len(tags) == 1


def test_a_replica_gives_the_same_answers_under_the_same_etags(site: sites.Site) -> None:
    with sites.serving(create_app(Settings(), [made.source()])) as replica:
        for target in [*TEXT, *BINARY, *PICTURES, *FILES]:
            one, other = site.get(target), replica.get(target)
            assert (one["ETag"], one.body) == (other["ETag"], other.body)


def test_other_data_have_other_etags_and_another_revision() -> None:
    with (
        sites.serving(create_app(Settings(), [made.source(seed=1)])) as other,
        sites.serving(create_app(Settings(), [made.source()])) as site,
    ):
        for target in DATA:
            assert other.get(target)["ETag"] != site.get(target)["ETag"]


def test_behind_a_proxy_every_link_has_the_root_path() -> None:
    with sites.serving(create_app(Settings(root_path="/digits"), [made.source()])) as site:
        for prefix in ("", "/digits"):
            page = site.get(f"{prefix}{HERE}/rows?limit=2")
            assert page.json["links"]["next"].startswith(f"/digits{HERE}/rows?")
            assert f"</digits{HERE}/rows?" in page["Link"]
            assert site.get(f"{prefix}{HERE}").json["links"]["rows"].startswith(f"/digits{HERE}/rows?")
            problem = site.get(f"{prefix}/v1/datasets/iris").json
            assert problem["type"] == "/digits/problems/unknown-resource"
            assert problem["instance"].endswith("/v1/datasets/iris")
        assert b"/digits/docs/swagger-ui.css" in site.get("/docs").body
        plain = [made.source()]
        with sites.serving(create_app(Settings(), plain)) as other:
            assert other.get(HERE)["ETag"] != site.get(HERE)["ETag"]


def test_an_absolute_form_target_is_answered(site: sites.Site) -> None:
    answer = site.get(f"{site.url}{HERE}/samples/0")
    assert answer.body == site.get(f"{HERE}/samples/0").body


def test_a_percent_encoded_query_is_the_plain_one(site: sites.Site) -> None:
    encoded = "".join(f"%{ord(letter):02X}" for letter in "limit")
    assert site.get(f"{HERE}/rows?{encoded}={quote('5')}")["ETag"] == site.get(f"{HERE}/rows?limit=5")["ETag"]


# --- without a server ---


class Version:
    """Data of one revision."""

    digest = "0123456789abcdef" * 4
    rev = digest[:12]


class Body:
    """A body that counts how often it is made, and in which threads; it waits for `gate` where there is one."""

    def __init__(self, content: bytes = b"content", *, gate: threading.Event | None = None) -> None:
        self.content = content
        self.gate = gate
        self.threads: list[int] = []
        self.begun = threading.Event()

    def __call__(self) -> bytes:
        self.threads.append(threading.get_ident())
        self.begun.set()
        if self.gate is not None:
            assert self.gate.wait(20)
        return self.content


def build(
    *, release: str = "1", capacity: int = 1_000_000, pool: EncoderPool | None = None
) -> tuple[Executor, ResponseCache]:
    pool, cache = pool or EncoderPool(threads=2, queue=8), ResponseCache(capacity=capacity)
    return Executor(release=release, cache=cache, files=FileStore(capacity=10**6, pool=pool), pool=pool), cache


def request_of(*, query: RevisionQuery | None = None, **headers: str) -> ApiRequest:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/a", "raw_path": b"/a", "query_string": b"", "headers": given}
    place = {"scheme": "http", "server": ("127.0.0.1", 8000), "root_path": ""}
    request = ApiRequest({**scope, **place, "route": None, "app": None})
    request.path, request.query = "/a", query or RevisionQuery()
    request.canonical_query = request.query.canonical()
    return request


def represent(make: Callable[[], bytes], *, cost: float = 0.0, media_type: str = "image/png") -> Representation:
    return Representation(media_type=media_type, body=Whole(make, cost), version=Version())


def etag_of(response: object) -> str:
    assert isinstance(response, StoredResponse)
    return response.etag


@pytest.mark.parametrize(
    "body",
    [Whole, lambda make: Pieces(make, 7, 100.0), lambda make: File(make, "a.bin")],
    ids=["whole", "pieces", "file"],
)
def test_revision_and_conditions_are_decided_before_anything_is_made(
    body: Callable[[Body], Whole | Pieces | File],
) -> None:
    made_bodies = Body()
    executor, cache = build()
    representation = Representation(media_type="image/png", body=body(made_bodies), version=Version())

    async def main() -> None:
        with pytest.raises(ChangedData):
            await executor.execute(request_of(query=RevisionQuery(rev="other"), if_none_match="*"), representation)
        assert isinstance(await executor.execute(request_of(if_none_match="*"), representation), NotModifiedResponse)
        with pytest.raises(PreconditionFailed):
            await executor.execute(request_of(if_match='"x"'), representation)

    asyncio.run(main())
    assert (made_bodies.threads, cache.size) == ([], 0)


@pytest.mark.parametrize(("cost", "in_the_pool"), [(0.0, False), (INLINE, False), (INLINE + 0.1, True)])
@pytest.mark.parametrize("storable", [True, False])
def test_what_costs_more_than_the_bound_is_made_in_the_pool(cost: float, in_the_pool: bool, storable: bool) -> None:
    body = Body()
    executor, _ = build()
    one = Representation(media_type="image/png", body=Whole(body, cost), version=Version(), storable=storable)
    asyncio.run(executor.execute(request_of(), one))
    assert [thread != threading.get_ident() for thread in body.threads] == [in_the_pool]


@pytest.mark.parametrize(("memory", "waits"), [(1, False), (COUNTED - 1, False), (0, True), (COUNTED, True)])
def test_only_what_is_too_small_to_count_waits_for_no_memory(memory: int, waits: bool) -> None:
    body, budget = Body(), MemoryBudget(capacity=COUNTED)
    budget.add(COUNTED + 1)
    executor, _ = build(pool=EncoderPool(threads=1, queue=8, budget=budget, patience=0.01))
    one = Representation(media_type="image/png", body=Whole(body, 0.0, memory), version=Version())
    with pytest.raises(Overloaded) if waits else nullcontext():
        asyncio.run(executor.execute(request_of(), one))
    assert body.threads == ([] if waits else [threading.get_ident()])


def test_of_many_who_ask_for_the_same_at_once_one_makes_it() -> None:
    gate = threading.Event()
    body = Body(gate=gate)
    executor, cache = build()
    alone, alone_cache = build()

    async def main() -> None:
        waiting = [asyncio.create_task(executor.execute(request_of(), represent(body, cost=100.0))) for _ in range(9)]
        assert await asyncio.to_thread(body.begun.wait, 20)
        gate.set()
        responses = await asyncio.gather(*waiting)
        assert {bytes(response.body[:]) for response in responses if isinstance(response, StoredResponse)} == {
            b"content"
        }
        await alone.execute(request_of(), represent(Body(), cost=100.0))

    asyncio.run(main())
    assert len(body.threads) == 1
    assert cache.size == alone_cache.size > 0


def test_who_leaves_does_not_stop_the_making_for_others_and_a_failure_is_tried_again() -> None:
    gate = threading.Event()
    body = Body(gate=gate)
    executor, _ = build()

    def fail() -> bytes:
        raise ValueError("broken")

    async def main() -> None:
        leaving, staying = (
            asyncio.create_task(executor.execute(request_of(), represent(body, cost=100.0))) for _ in range(2)
        )
        assert await asyncio.to_thread(body.begun.wait, 20)
        leaving.cancel()
        gate.set()
        assert isinstance(await staying, StoredResponse)
        with pytest.raises(ValueError, match="broken"):
            await executor.execute(request_of(accept="x"), represent(fail, cost=100.0))
        assert isinstance(await executor.execute(request_of(), represent(Body(), cost=100.0)), StoredResponse)

    asyncio.run(main())
    assert len(body.threads) == 1


def test_another_release_has_other_entity_tags() -> None:
    async def tag(release: str, media_type: str = "image/png", accepted: str = "") -> str:
        executor, _ = build(release=release)
        request = request_of(accept_encoding=accepted)
        return etag_of(await executor.execute(request, represent(Body(), media_type=media_type)))

    async def main() -> list[str]:
        return [await tag(*one) for one in [("1",), ("1",), ("2",), ("1", "text/csv"), ("1", "text/csv", "gzip")]]

    one, same, *others = asyncio.run(main())
    assert one == same
    assert len({one, *others}) == 4


def test_the_release_names_every_library_that_decides_about_bytes() -> None:
    for library in (
        "numpy",
        "pyarrow",
        "orjson",
        "pillow",
        "zlib",
        "cmap",
        "zstandard",
        "fastapi",
        "pydantic",
        "scikit-learn",
    ):
        assert f"{library} " in RELEASE
    assert ENCODERS in RELEASE
    assert __version__ in RELEASE


def test_what_is_not_storable_has_no_validators_and_is_not_stored() -> None:
    executor, cache = build()
    one = Representation(media_type="image/png", body=Whole(Body()), version=Version(), storable=False)
    response = asyncio.run(executor.execute(request_of(if_none_match="*"), one))
    assert isinstance(response, SingleResponse)
    assert dict(response.headers)[b"cache-control"] == b"no-store"
    assert not {b"etag", b"last-modified", b"accept-ranges"} & set(dict(response.headers))
    assert cache.size == 0


# --- files that mirrors serve ---


class Pieced:
    """A file in two pieces, and how often it was built."""

    def __init__(self, content: bytes = b"content") -> None:
        self.content = content
        self.built = 0

    def __call__(self) -> Iterator[bytes]:
        self.built += 1
        yield self.content[:2]
        yield self.content[2:]


def represent_file(pieces: Pieced, *, identity: str | None = "a file") -> Representation:
    body = File(pieces, "a.bin")
    return Representation(media_type="application/octet-stream", body=body, version=Version(), identity=identity)


def at(path: str) -> ApiRequest:
    """A request for another path."""
    request = request_of()
    request.scope.update(path=path, raw_path=path.encode())
    request.path = path
    return request


def body_of(response: object) -> bytes:
    assert isinstance(response, StoredResponse)
    return bytes(response.body[: len(response.body)])


def headers_of(response: object) -> dict[bytes, bytes]:
    assert isinstance(response, StoredResponse)
    return dict(response.headers)


def test_an_original_is_sent_as_it_is_under_its_name_and_with_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(b"content")
    executor, cache = build()
    one = Representation(media_type="text/csv", body=Original(path, "b.csv"), version=Version())
    response = asyncio.run(executor.execute(request_of(accept_encoding="gzip"), one))
    headers = headers_of(response)
    assert body_of(response) == b"content"
    assert headers[b"content-disposition"] == b'attachment; filename="b.csv"'
    assert headers[b"repr-digest"] == b"sha-256=:%b:" % base64.b64encode(hashlib.sha256(b"content").digest())
    assert not {b"content-encoding", b"vary"} & set(headers)
    assert cache.size == 0  # it is on disk already


def test_an_identity_is_one_file_and_one_etag_under_every_url() -> None:
    executor, _ = build()
    pieces, alone = Pieced(), Pieced()

    async def main() -> list[str]:
        tags = [etag_of(await executor.execute(at(path), represent_file(pieces))) for path in ("/a", "/b", "/c/a")]
        other = await executor.execute(at("/a"), represent_file(alone, identity=None))
        another = await executor.execute(at("/a"), represent_file(Pieced(), identity="another file"))
        return [*tags, etag_of(other), etag_of(another)]

    *tags, other, another = asyncio.run(main())
    assert len(set(tags)) == 1
    assert len({tags[0], other, another}) == 3
    assert (pieces.built, alone.built) == (1, 1)


@pytest.mark.parametrize("identity", [None, "a text"])
@pytest.mark.parametrize("cache_control", [None, "public, max-age=60"])
def test_a_body_with_absolute_urls_is_of_one_address_and_of_one_client(
    identity: str | None, cache_control: str | None
) -> None:
    executor, cache = build()
    one = Representation(
        media_type="text/plain",
        body=Whole(Body()),
        version=Version(),
        identity=identity,
        cache_control=cache_control,
        absolute=True,
    )

    async def main() -> tuple[set[str], set[bytes]]:
        answers = [await executor.execute(request_of(host=host), one) for host in ("a.test", "b.test", "a.test")]
        return {etag_of(answer) for answer in answers}, {headers_of(answer)[b"cache-control"] for answer in answers}

    tags, freshness = asyncio.run(main())
    assert len(tags) == 2
    assert freshness == {b"private, max-age=3600" if cache_control is None else b"private, max-age=60"}
    assert cache.size == 0


def test_a_view_of_what_is_in_memory_takes_no_room_in_the_cache() -> None:
    executor, cache = build()
    for held in (True, False):
        body = Whole(Body(), held=held)
        asyncio.run(executor.execute(request_of(), Representation(media_type="a/b", body=body, version=Version())))
        assert (cache.size == 0) == held


def list_files(files: Mapping[str, Finished]) -> bytes:
    return "".join(f"{name} {len(file)} {file.sha256} {file.md5}\n" for name, file in files.items()).encode()


def test_a_listing_tells_of_files_that_are_built_once(tmp_path: Path) -> None:
    original = tmp_path / "o.bin"
    original.write_bytes(b"original")
    executor, cache = build()
    pieces = Pieced()
    listed = {
        "a": represent_file(pieces),
        "o": Representation(media_type="text/plain", body=Original(original, "o"), version=Version(), identity="o"),
    }
    listing = Representation(media_type="text/plain", body=Listing(listed, list_files), version=Version())

    async def main() -> list[bytes]:
        texts = await asyncio.gather(*(executor.execute(request_of(), listing) for _ in range(3)))
        file = await executor.execute(at("/b"), represent_file(pieces))
        return [*map(body_of, texts), body_of(file)]

    *texts, file = asyncio.run(main())
    checksums = [
        (len(content), hashlib.sha256(content).hexdigest(), hashlib.md5(content, usedforsecurity=False).hexdigest())
        for content in (file, b"original")
    ]
    expected = "".join("{} {} {} {}\n".format(name, *facts) for name, facts in zip("ao", checksums, strict=True))
    assert {text.decode() for text in texts} == {expected}
    assert (file, pieces.built) == (b"content", 1)
    assert cache.size > 0


def test_a_listing_that_the_client_has_builds_nothing() -> None:
    executor, _ = build()
    pieces = Pieced()
    body = Listing({"a": represent_file(pieces)}, list_files)
    listing = Representation(media_type="text/plain", body=body, version=Version())
    assert isinstance(asyncio.run(executor.execute(request_of(if_none_match="*"), listing)), NotModifiedResponse)
    assert pieces.built == 0


def test_a_listing_that_no_cache_may_keep_tells_of_the_same_files() -> None:
    executor, cache = build()
    pieces = Pieced()
    body = Listing({"a": represent_file(pieces)}, list_files)
    listing = Representation(media_type="text/plain", body=body, version=Version(), storable=False)
    for _ in range(2):
        response = asyncio.run(executor.execute(request_of(), listing))
        assert isinstance(response, SingleResponse)
        assert bytes(response.body[:]).startswith(b"a 7 ")
        assert dict(response.headers)[b"cache-control"] == b"no-store"
    assert (pieces.built, cache.size) == (1, 0)


@pytest.mark.parametrize("storable", [True, False])
def test_a_listing_whose_client_has_left_builds_no_further_file(*, storable: bool) -> None:
    async def main() -> None:
        executor, _ = build()
        gate, begun = threading.Event(), threading.Event()

        def make() -> Iterator[bytes]:
            begun.set()
            gate.wait(10)
            yield b"content"

        async def receive() -> Message:
            await asyncio.to_thread(begun.wait, 10)
            return {"type": "http.disconnect"}

        second = Pieced()
        files = {
            "a": Representation(
                media_type="application/octet-stream", body=File(make, "a.bin"), version=Version(), identity="a"
            ),
            "b": represent_file(second, identity="b"),
        }
        listing = Representation(
            media_type="text/plain", body=Listing(files, list_files), version=Version(), storable=storable
        )
        request = ApiRequest(request_of().scope, receive)
        request.path, request.query, request.canonical_query = "/a", RevisionQuery(), {}
        with pytest.raises(ClientDisconnect):
            await asyncio.wait_for(executor.execute(request, listing), 20)
        gate.set()
        assert second.built == 0

    asyncio.run(main())


def test_what_holds_the_address_differs_by_it_and_is_not_given_to_others() -> None:
    executor, cache = build()

    async def tag(host: str, *, absolute: bool) -> str:
        body = Whole(host.encode)
        one = Representation(media_type="text/plain", body=body, version=Version(), absolute=absolute)
        return etag_of(await executor.execute(request_of(host=host), one))

    async def main() -> None:
        one, other = [await tag(host, absolute=True) for host in ("a.example", "b.example")]
        assert one != other
        assert await tag("a.example", absolute=True) == one
        assert cache.size == 0
        assert await tag("a.example", absolute=False) == await tag("b.example", absolute=False)
        assert cache.size > 0

    asyncio.run(main())


def test_a_listing_with_addresses_is_made_for_each_of_them_and_its_files_once() -> None:
    executor, cache = build()
    pieces = Pieced()

    async def main() -> set[bytes]:
        bodies = set()
        for host in ("a.example", "b.example"):
            listed = {host: represent_file(pieces)}
            body = Listing(listed, list_files)
            one = Representation(media_type="text/plain", body=body, version=Version(), absolute=True)
            bodies.add(body_of(await executor.execute(request_of(host=host), one)).split()[0])
        return bodies

    assert asyncio.run(main()) == {b"a.example", b"b.example"}
    assert (pieces.built, cache.size) == (1, 0)
