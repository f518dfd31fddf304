"""An answer with the response cache is the answer without it, for every sequence of requests; and parts of answers."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    multiple,
    rule,
    run_state_machine_as_test,
)

from service.app import create_app
from service.settings import Settings
from tests import made, sites
from tests.http.expect import stable_headers

HERE = "/v1/datasets/made/train"

SMALL = 30_000
"""Capacity of the cache in bytes: room for a few answers, so that most are replaced sooner or later."""

TARGETS = (
    *(f"{HERE}/rows?limit=3&offset={offset}&format={name}" for offset in (0, 5) for name in ("json", "csv", "npz")),
    f"{HERE}/rows?limit=3",
    f"{HERE}/rows?limit=3&format=parquet",
    f"{HERE}/rows?limit=0",
    f"{HERE}/samples/0",
    f"{HERE}/samples/1.png",
    f"{HERE}/samples/99.png",
    f"{HERE}/labels",
    f"{HERE}/statistics",
    f"{HERE}.csv",
    f"{HERE}.npz?scale=unit",
    f"{HERE}/batches?seed=3&batch_size=4",
    f"{HERE}/batches?steps=all&batch_size=4",
    f"{HERE}/batches?steps=all&batch_size=4&format=ndjson",
    f"{HERE}/batches?start=99",
    f"{HERE}/batches/plan",
    f"{HERE}/order",
    f"{HERE}/grid.png?limit=4",
    HERE,
    f"{HERE}?rev=000000000000",
    "/problems/unavailable",
    "/explorer/icon.svg",
    "/livez",
)

Headers = dict[str, str]


@dataclass(frozen=True)
class Asked:
    """A request."""

    target: str
    method: str = "GET"
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A request whose answer had an entity tag, and the tag."""

    asked: Asked
    tag: str


targets = st.sampled_from(TARGETS)
methods = st.sampled_from(["GET", "GET", "HEAD"])
negotiations = st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.sampled_from(["*/*", "text/csv", "application/x-npz;q=0.5, text/csv;q=0.1", "image/png"]),
        "Accept-Encoding": st.sampled_from(["gzip", "zstd, gzip;q=0.5", "identity", "*"]),
    },
)
positions = st.integers(0, 3_000)
ranges = st.one_of(
    st.builds("bytes={}-{}".format, positions, positions),
    st.builds("bytes={}-".format, positions),
    st.builds("bytes=-{}".format, positions),
    st.sampled_from(["bytes=0-1,3-4", "items=0-1", "bytes=x"]),
)
conditions = st.fixed_dictionaries(
    {},
    optional={
        "If-None-Match": st.sampled_from(["{}", "W/{}", '"x", {}', '"x"', "*"]),
        "If-Match": st.sampled_from(["{}", '"x", {}', '"x"', "*", "W/{}"]),
        "If-Range": st.sampled_from(["{}", '"x"', "W/{}"]),
        "If-Modified-Since": st.sampled_from(["Mon, 01 Jan 2125 00:00:00 GMT", "Mon, 01 Jan 2001 00:00:00 GMT"]),
        "If-Unmodified-Since": st.sampled_from(["Mon, 01 Jan 2125 00:00:00 GMT", "Mon, 01 Jan 2001 00:00:00 GMT"]),
        "Range": ranges,
    },
)
requests = st.builds(Asked, targets, methods, negotiations)


class Pair(RuleBasedStateMachine):
    """Two servers of the same data, of which one has a response cache, get the same requests."""

    cached: ClassVar[sites.Site]
    plain: ClassVar[sites.Site]

    seen: Bundle[Seen] = Bundle("seen")

    @rule(target=seen, asked=requests)
    def ask(self, asked: Asked) -> Seen | MultipleResults[Seen]:
        """Ask both, and remember the entity tag."""
        answer = self.compare([asked])[0]
        tag = answer.headers.get("ETag")
        return Seen(asked, tag) if tag else multiple()

    @rule(seen=seen, method=methods, conditions=conditions)
    def ask_on_condition(self, seen: Seen, method: str, conditions: Headers) -> None:
        """Ask again, on conditions about the entity tag or for a part."""
        own = {name: value.format(seen.tag) for name, value in conditions.items()}
        self.compare([Asked(seen.asked.target, method, {**seen.asked.headers, **own})])

    @rule(asked=requests, part=ranges)
    def ask_for_a_part(self, asked: Asked, part: str) -> None:
        """Ask for a part at once."""
        self.compare([Asked(asked.target, asked.method, {**asked.headers, "Range": part})])

    @rule(asked=st.lists(requests, min_size=1, max_size=3), times=st.integers(2, 3))
    def ask_at_the_same_time(self, asked: list[Asked], times: int) -> None:
        """Ask for several things at the same time, each of them several times."""
        self.compare(asked * times)

    def compare(self, asked: Sequence[Asked]) -> list[sites.Answer]:
        """The answers, which both servers give alike."""
        with ThreadPoolExecutor(len(asked)) as threads:
            ours, theirs = (
                list(threads.map(lambda one, site=site: site.send(one.method, one.target, one.headers), asked))
                for site in (self.cached, self.plain)
            )
        for request, one, other in zip(asked, ours, theirs, strict=True):
            assert one.status == other.status, request
            assert stable_headers(one) == stable_headers(other), request
            assert one.body == other.body, request
            assert one.status < 500, request
        return ours


def test_with_the_cache_every_answer_is_what_it_is_without_it() -> None:
    with (
        sites.serving(create_app(Settings(response_cache_bytes=SMALL), [made.source()])) as Pair.cached,
        sites.serving(create_app(Settings(response_cache_bytes=0), [made.source()])) as Pair.plain,
    ):
        run_state_machine_as_test(Pair, settings=settings(max_examples=20, stateful_step_count=30))
        figures = Pair.cached.get("/metrics").body.decode()
    hits, held = (
        float(figures.partition(f"\ndigits_response_cache_{name} ")[2].partition("\n")[0])
        for name in ("hits_total", "bytes")
    )
    assert hits > 50
    assert 0 < held <= SMALL
