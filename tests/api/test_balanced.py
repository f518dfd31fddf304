"""Balanced epochs over HTTP: all classes equally often and no sample twice, in every format, on any number of ranks."""

import io
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.data.dataset import Dataset
from tests import sites
from tests.api.test_batches import FORMATS_OF_ONE, read

MADE = "/v1/datasets/made/train"
DIGITS = "/v1/datasets/digits/all"
MNIST = "/v1/datasets/mnist/train"


def ask(site: sites.Site, path: str, where: str = MADE, **query: Any) -> sites.Answer:  # noqa: ANN401 - any parameters
    return site.get(f"{where}/{path}?{urlencode({'balanced': 'true', **query}, doseq=True)}")


QUERIES = st.fixed_dictionaries(
    {"seed": st.integers(0, 2**64 - 1), "epoch": st.integers(0, 5)},
    optional={
        "label": st.lists(st.integers(0, 3), min_size=1, max_size=3),
        "range": st.sampled_from([":20", "3:", "0:23"]),
        "shuffle": st.sampled_from(["true", "false"]),
    },
)


@given(query=QUERIES)
def test_an_order_has_distinct_members_of_the_pool_and_every_class_equally_often(
    site: sites.Site, tiny: Dataset, query: dict[str, Any]
) -> None:
    answer = ask(site, "order", **query)
    order, pool = answer.json["order"], ask(site, "order", **{**query, "balanced": "false"}).json["order"]
    assert len(order) == len(set(order)) == int(answer["Epoch-Samples"])
    assert set(order) <= set(pool)
    counts = np.bincount(tiny.labels[order], minlength=4)
    available = np.bincount(tiny.labels[pool], minlength=4)
    assert counts.tolist() == [available[available > 0].min() if some else 0 for some in available]


@given(
    query=QUERIES,
    batch_size=st.integers(1, 9),
    world_size=st.integers(1, 4),
    start=st.integers(0, 12),
    tail=st.sampled_from(["partial", "drop", "pad"]),
)
@settings(max_examples=40)
def test_ranks_tile_a_balanced_epoch(
    site: sites.Site, *, query: dict[str, Any], batch_size: int, world_size: int, start: int, tail: str
) -> None:
    order = ask(site, "order", **query).json["order"]
    shape = {**query, "batch_size": batch_size, "world_size": world_size, "start": start, "tail": tail}
    plan = ask(site, "batches/plan", **shape).json
    assert plan["epoch_samples"] == len(order)
    if plan["epoch_steps"] == 0:
        assert ask(site, "batches", **shape).status == 404
        return
    ranks = [ask(site, "batches", **shape, rank=rank, steps="all") for rank in range(world_size)]
    streams = [[batch["index"].to_pylist() for batch in pa.ipc.open_stream(rank.body)] for rank in ranks]
    tiled: list[int] = []
    for parts in zip(*streams, strict=True):
        joined = [-1] * sum(map(len, parts))
        for rank, mine in enumerate(parts):
            joined[rank::world_size] = mine
        tiled += joined
    padding = [order[place % len(order)] for place in range(len(order), len(order) + plan["padded"])]
    assert tiled == order[start : len(order) - plan["dropped"]] + padding
    assert plan["rows_per_rank"] == [sum(map(len, stream)) for stream in streams]
    assert sum(int(rank["Valid-Rows"]) for rank in ranks) == len(order) - start - plan["dropped"]
    assert {rank["Epoch-Samples"] for rank in ranks} == {str(len(order))}


@pytest.mark.parametrize(("where", "count"), [(MNIST, 54_210), (DIGITS, 1_740)])
def test_every_global_batch_of_a_real_epoch_is_balanced_and_so_is_every_rank_of_five(
    live: sites.Site, where: str, count: int
) -> None:
    for rank in range(5):
        stream = ask(live, "batches", where, seed=7, batch_size=20, world_size=5, rank=rank, steps="all", tail="drop")
        assert stream["Epoch-Samples"] == str(count)
        for batch in pa.ipc.open_stream(stream.body):
            assert np.bincount(batch["label"].to_numpy()).tolist() == [2] * 10
    whole = pa.ipc.open_stream(ask(live, "batches", where, seed=7, batch_size=96, steps="all").body).read_all()
    labels = whole["label"].to_numpy()
    for first in range(0, count - 96, 96):
        assert np.ptp(np.bincount(labels[first : first + 96], minlength=10)) <= 2


def test_another_epoch_shows_other_samples_of_the_larger_classes(live: sites.Site) -> None:
    seen = [set(ask(live, "order", MNIST, seed=1, epoch=epoch).json["order"]) for epoch in range(3)]
    assert len({frozenset(one) for one in seen}) == 3
    assert len(set.union(*seen)) > 59_000


@pytest.mark.parametrize("name", FORMATS_OF_ONE)
def test_every_format_has_the_same_balanced_batch(site: sites.Site, tiny: Dataset, name: str) -> None:
    order = ask(site, "order", seed=3).json["order"]
    answer = ask(site, "batches", seed=3, batch_size=4, start=4, format=name)
    index, label, image = read(name, answer.body)
    assert index is None or index.tolist() == order[4:8]
    assert label is None or sorted(label.tolist()) == [0, 1, 2, 3]
    assert np.array_equal(image, tiny.images[order[4:8]])


def test_links_and_other_representations_keep_it(site: sites.Site) -> None:
    order = ask(site, "order", seed=3, epoch=1).json["order"]
    walked, there = [], f"{MADE}/batches?balanced=true&seed=3&epoch=1&batch_size=5&format=json"
    while there:
        batch = site.get(there).json
        assert batch["epoch_samples"] == len(order)
        walked += [row["index"] for row in batch["rows"]]
        there = batch["links"]["next"] or ""
    assert walked == order
    found = np.load(io.BytesIO(ask(site, "order", seed=3, epoch=1, format="npy").body), allow_pickle=False)
    assert found.tolist() == order
    head = site.head(f"{MADE}/batches?balanced=true&steps=all&seed=3&epoch=1")
    assert head["Epoch-Samples"] == str(len(order))


def test_a_few_of_each_class_are_balanced_whole(site: sites.Site) -> None:
    few: dict[str, Any] = {"per_class": 2, "seed": 5, "epoch": 3}
    balanced, plain = (ask(site, "order", **few, balanced=words).json["order"] for words in ("true", "false"))
    assert sorted(balanced) == sorted(plain)
    assert balanced != plain


def test_false_is_the_default_and_nothing_else_than_a_boolean_is_taken(site: sites.Site) -> None:
    plain = site.get(f"{MADE}/order?seed=3")
    assert ask(site, "order", seed=3, balanced="false")["ETag"] == plain["ETag"]
    assert ask(site, "order", seed=3)["ETag"] != plain["ETag"]
    for path in ("order", "batches", "batches/plan"):
        answer = ask(site, path, balanced="yes")
        assert answer.status == 422
        assert answer.json["errors"][0]["name"] == "balanced"
    assert "is not a parameter here" in ask(site, "rows").json["detail"]
