"""A range of indices: how it is written, what it keeps on every route, and what is refused."""

import io
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.epoch_queries import OrderQuery
from service.api.index_range import PATTERN, normalize_range, read_range
from service.api.queries import RowsQuery
from service.data.dataset import Dataset
from service.errors import Refused
from service.http.parameters import read
from tests import made, sites
from tests.test_order_page import REFERENCE

MADE = "/v1/datasets/made/train"

SUBSET_ROUTES = ("rows", "grid.png", "grid.webp", "grid.json", "projection", "batches", "batches/plan", "order")
"""Every route that takes a subset."""

BAD = [
    "",
    ":",
    "5",
    "-1:5",
    "5:-1",
    "-5:",
    ":-5",
    "5:5",
    "9:5",
    ":0",
    "0:0",
    "0:24",
    "23:",
    "24:",
    ":24",
    "1:2:3",
    "::",
]
BAD += [" 1:5", "1: 5", "1:5 ", "+1:5", "1_0:20", "1.0:5", "a:b", "١:٥", "1:5\n", "9" * 5_000 + ":", f"0:{2**63}"]


def ask(site: sites.Site, path: str, where: str = MADE, **query: Any) -> sites.Answer:  # noqa: ANN401 - any parameters
    return site.get(f"{where}/{path}?{urlencode(query, doseq=True)}")


def spell(first: int, end: int, n: int) -> list[str]:
    """All ways to write a range of `n` samples."""
    spelled = [f"{first}:{end}", f"00{first}:0{end}"]
    spelled += [f":{end}"] if first == 0 else []
    return spelled + ([f"{first}:"] if end == n else [])


@given(st.integers(0, made.TRAIN - 1), st.data())
def test_a_range_is_a_slice_of_python(tiny: Dataset, first: int, draw: st.DataObject) -> None:
    split = tiny.split("train")
    end = draw.draw(st.integers(first + 1, made.TRAIN))
    whole = list(range(made.TRAIN))
    for text in spell(first, end, made.TRAIN):
        found = read_range(text, split)
        bounds = [int(bound) if bound else None for bound in text.split(":")]
        assert whole == whole[first:end] if found is None else list(found) == whole[slice(*bounds)]
        normal = normalize_range(text)
        assert (read_range(normal, split) if normal else None) == found
        assert re.search(PATTERN, text)


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_range_of_the_split_is_refused_and_the_bound_is_named(tiny: Dataset, text: str) -> None:
    for spelled in (text, normalize_range(text)):
        with pytest.raises(Refused, match=r"A < B ≤ 23, the number of samples of made/train") as refused:
            read_range(str(spelled), tiny.split("train"))
        assert refused.value.name == "range"


@pytest.mark.parametrize("path", SUBSET_ROUTES)
@pytest.mark.parametrize("text", ["", ":", "-1:5", "9:5", "0:24", "23:", " 1:5", "1:2:3"])
def test_every_route_refuses_it_by_name(site: sites.Site, path: str, text: str) -> None:
    answer = ask(site, path, range=text)
    assert answer.status == 422, answer.body
    (error,) = answer.json["errors"]
    assert (error["in"], error["name"]) == ("query", "range")
    assert "0 ≤ A < B ≤ 23" in error["reason"]
    assert site.head(f"{MADE}/{path}?{urlencode({'range': text})}").status == 422


def test_a_range_is_given_once(site: sites.Site) -> None:
    answer = site.get(f"{MADE}/rows?range=1:5&range=2:6")
    assert answer.status == 422
    assert "given more than once" in answer.json["detail"]


def test_a_range_that_leaves_nothing_out_is_no_range(site: sites.Site, tiny: Dataset) -> None:
    split = tiny.split("train")
    assert OrderQuery(range="0:23").build_order(split).subset.is_everything
    assert read(RowsQuery, b"range=0:").canonical() == {}
    assert read(RowsQuery, b"range=0:&limit=5") == read(RowsQuery, b"limit=5&range=00:")
    plain = ask(site, "order")
    for text in ("0:", "0:23", ":23"):
        assert ask(site, "order", range=text).body == plain.body
    assert ask(site, "order", range="0:")["ETag"] == plain["ETag"]


def test_ways_to_write_a_range_are_one_resource(site: sites.Site) -> None:
    answers = [ask(site, "rows", range=text) for text in ("0:9", ":9", "000:09")]
    assert len({answer["ETag"] for answer in answers}) == 1
    assert ask(site, "rows", range=":8")["ETag"] != answers[0]["ETag"]
    assert read(RowsQuery, b"range=04%3A9").canonical() == {"range": "4:9"}


SUBSETS = st.fixed_dictionaries(
    {},
    optional={
        "label": st.lists(st.integers(0, 3), min_size=1, max_size=3),
        "seed": st.integers(0, 5),
        "per_class": st.just(1),
    },
)
FOLDS: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {"fold": st.integers(0, 1), "folds": st.just(2), "part": st.sampled_from(["train", "holdout"])}
)


def choose(data: Dataset, span: tuple[int, int], query: Mapping[str, Any]) -> list[int] | None:
    """The members of a subset of the made training split, by the specification; None if a class is too small."""
    labels = data.split("train").labels.tolist()
    kept = [one for one in labels[slice(*span)] if not query.get("label") or one in query["label"]]
    smallest = min((kept.count(one) for one in set(kept)), default=len(kept))
    left = smallest // 2 if query.get("part") == "holdout" else smallest - (smallest + 1) // 2
    if "fold" in query and smallest < 2:
        return None
    if "per_class" in query and (left if "fold" in query else smallest) < 1:
        return None
    members: list[int] = REFERENCE["pool"](labels, **{**query, "span": span})
    return members


@given(first=st.integers(0, 15), size=st.integers(1, 8), subset=SUBSETS, fold=FOLDS)
def test_a_range_comes_before_all_else_and_composes_with_it_on_every_route(
    site: sites.Site, tiny: Dataset, *, first: int, size: int, subset: dict[str, Any], fold: dict[str, Any]
) -> None:
    query = {"seed": 0, **subset, **fold, "range": f"{first}:{first + size}"}
    members = choose(tiny, (first, first + size), {"seed": 0, **subset, **fold})
    answers = {path: ask(site, path, **query) for path in SUBSET_ROUTES}
    if members is None:
        assert {answer.status for path, answer in answers.items()} == {422}
        return
    if not members:
        assert answers.pop("batches").status == 404
    assert {path: answer.status for path, answer in answers.items() if answer.status != 200} == {}
    assert sorted(answers["order"].json["order"]) == members
    assert answers["batches/plan"].json["epoch_samples"] == len(members)
    for path, rows in (("rows", "rows"), ("grid.json", "tiles"), ("projection", "points")):
        found = answers[path].json
        assert sorted(row["index"] for row in found[rows]) == members
        assert found["total"] == len(members) == int(answers[path]["Total-Count"])
        assert all(row["label"] == tiny.labels[row["index"]] for row in found[rows])
    if members:
        with np.load(io.BytesIO(answers["batches"].body), allow_pickle=False) as batch:
            assert sorted(batch["index"].tolist()) == members
            assert np.array_equal(batch["x"], tiny.images[batch["index"]])


def test_links_and_pages_keep_the_range(site: sites.Site) -> None:
    seen: list[int] = []
    there: str | None = f"{MADE}/rows?range=4:15&limit=4"
    while there:
        page = site.get(there).json
        seen += [row["index"] for row in page["rows"]]
        assert page["total"] == 11
        there = page["links"]["next"]
    assert seen == list(range(4, 15))
    tiles = ask(site, "grid.json", range="4:6", columns=2, seed=1).json
    assert site.get(tiles["links"]["png"]).body == ask(site, "grid.png", range="4:6", columns=2, seed=1).body


@pytest.mark.parametrize("shuffle", ["true", "false"])
def test_batches_of_a_range_are_order_v1_of_it_from_one_link_to_the_next(site: sites.Site, shuffle: str) -> None:
    query: dict[str, Any] = {"range": "4:15", "seed": 3, "epoch": 2, "shuffle": shuffle}
    order = ask(site, "order", **query).json["order"]
    perm = REFERENCE["visit"]([0] * 11, 3, 2, shuffle == "true")
    assert order == [4 + place for place in perm]
    stream = ask(site, "batches", **query, batch_size=3, steps="all")
    assert [batch["index"].to_pylist() for batch in pa.ipc.open_stream(stream.body)] == [
        order[first : first + 3] for first in range(0, 11, 3)
    ]
    assert (stream["Epoch-Samples"], stream["Epoch-Steps"], stream["Next-Start"]) == ("11", "4", "11")
    walked, there = [], f"{MADE}/batches?{urlencode({**query, 'batch_size': 3, 'format': 'json'})}"
    while there:
        batch = site.get(there).json
        walked += [row["index"] for row in batch["rows"]]
        there = batch["links"]["next"] or ""
    assert walked == order


@pytest.mark.parametrize("where", ["/v1/datasets/mnist/train", "/v1/datasets/digits/all"])
def test_training_and_validation_ranges_partition_a_real_split(live: sites.Site, where: str) -> None:
    parts = [ask(live, "order", where=where, range=text, seed=1).json["order"] for text in (":1500", "1500:")]
    count = int(ask(live, "order", where=where)["Epoch-Samples"])
    assert sorted(parts[0]) == list(range(1500))
    assert sorted(parts[1]) == list(range(1500, count))
    rows = ask(live, "rows", where=where, range="1500:", limit=2, format="json").json
    assert ([row["index"] for row in rows["rows"]], rows["total"]) == ([1500, 1501], count - 1500)


def test_head_and_revisions_know_the_range(site: sites.Site, tiny: Dataset) -> None:
    there = f"{MADE}/batches?range=4:15&steps=all&batch_size=4&rev={tiny.rev}"
    whole, head = site.get(there), site.head(there)
    assert (head.status, head.body) == (200, b"")
    for name in ("ETag", "Content-Length", "Epoch-Samples", "Next-Start", "Valid-Rows"):
        assert head[name] == whole[name]
    assert whole["Cache-Control"] == "public, max-age=31536000, immutable"
    assert site.get(there, {"If-None-Match": whole["ETag"]}).status == 304
    assert site.get(there.replace(tiny.rev, "0" * 12)).status == 409
