"""Strided batches over HTTP: the workers of one rank tile an epoch, and every number is that of the worker."""

import io
import json
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.data.dataset import Dataset
from tests import made, sites
from tests.api.test_batches import FORMATS_OF_ONE, following, number, read

MADE = "/v1/datasets/made/train"


def target(path: str = "batches", *, where: str = MADE, **query: Any) -> str:  # noqa: ANN401 - any parameters
    return f"{where}/{path}?{urlencode(query, doseq=True)}"


def list_batches(answer: sites.Answer) -> list[list[int]]:
    """The indices of every batch of a stream; none if the epoch has ended."""
    if answer.status == 404:
        assert answer.json["type"] == "/problems/end-of-epoch"
        return []
    assert answer.status == 200, answer.body
    return [batch["index"].to_pylist() for batch in pa.ipc.open_stream(answer.body)]


QUERIES = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 9),
        "world_size": st.integers(1, 4),
        "seed": st.integers(0, 9),
        "start": st.integers(0, 25),
        "tail": st.sampled_from(["partial", "drop", "pad"]),
    },
    optional={
        "shuffle": st.just("false"),
        "balanced": st.just("true"),
        "range": st.just("2:20"),
        "label": st.just([0, 2]),
    },
)


@given(query=QUERIES, workers=st.integers(1, 6), draw=st.data())
@settings(max_examples=60)
def test_the_workers_of_a_rank_tile_its_epoch(
    site: sites.Site, query: dict[str, Any], workers: int, draw: st.DataObject
) -> None:
    rank = draw.draw(st.integers(0, query["world_size"] - 1))
    size = query["batch_size"] * query["world_size"]
    whole = site.get(target(**query, rank=rank, steps="all"))
    steps = list_batches(whole)
    parts = []
    for worker in range(workers):
        mine = {**query, "start": query["start"] + worker * size, "stride": workers}
        answer = site.get(target(**mine, rank=rank, steps="all"))
        parts.append(list_batches(answer))
        assert parts[worker] == steps[worker::workers]
        plan = site.get(target("batches/plan", **mine)).json
        assert plan["epoch_steps"] == len(parts[worker])
        assert plan["rows_per_rank"][rank] == sum(map(len, parts[worker]))
        if parts[worker]:
            samples = number(answer, "Epoch-Samples")
            assert number(answer, "Epoch-Steps") == len(parts[worker])
            assert number(answer, "Next-Start") == min(samples, mine["start"] + len(parts[worker]) * workers * size)
            assert following(answer) is None
            starts = range(mine["start"], samples, workers * size)[: len(parts[worker])]
            real = [len(range(first + rank, min(first + size, samples), query["world_size"])) for first in starts]
            assert number(answer, "Valid-Rows") == sum(real)
    taken = [parts[step % workers][step // workers] for step in range(len(steps))]
    assert taken == steps
    if steps:
        plans = [
            site.get(target("batches/plan", **{**query, "start": query["start"] + worker * size, "stride": workers}))
            for worker in range(workers)
        ]
        plan = site.get(target("batches/plan", **query)).json
        assert sum(one.json["padded"] for one in plans) == plan["padded"]
        assert sum(one.json["epoch_steps"] for one in plans) == plan["epoch_steps"]


@given(query=QUERIES, stride=st.integers(2, 5), steps=st.integers(1, 3))
@settings(max_examples=40)
def test_links_lead_a_worker_through_its_own_steps(
    site: sites.Site, query: dict[str, Any], stride: int, steps: int
) -> None:
    expected = list_batches(site.get(target(**query, stride=stride, steps="all")))
    walked: list[list[int]] = []
    valid = 0
    there = target(**query, stride=stride, steps=steps, format="arrow") if expected else None
    while there:
        answer = site.get(there)
        walked += list_batches(answer)
        valid += number(answer, "Valid-Rows")
        there = following(answer)
        if there:
            assert f"stride={stride}" in there
            assert f"start={number(answer, 'Next-Start')}&" in there
    assert walked == expected
    if expected:
        assert valid == number(site.get(target(**query, stride=stride, steps="all")), "Valid-Rows")


@pytest.mark.parametrize("tail", ["partial", "drop", "pad"])
def test_the_numbers_of_an_answer_are_those_of_its_own_batches(site: sites.Site, tail: str) -> None:
    answer = site.get(target(batch_size=2, world_size=2, rank=1, stride=5, tail=tail, steps="all"))
    sizes = [len(batch) for batch in list_batches(answer)]  # steps 0 and 5 of 6 (of 5 with drop), the last of 3 samples
    assert sizes == {"partial": [2, 1], "drop": [2], "pad": [2, 2]}[tail]
    assert number(answer, "Valid-Rows") == {"partial": 3, "drop": 2, "pad": 3}[tail]
    assert number(answer, "Next-Start") == {"partial": 23, "drop": 20, "pad": 23}[tail]
    plan = site.get(target("batches/plan", batch_size=2, world_size=2, stride=5, tail=tail)).json
    assert (plan["dropped"], plan["padded"]) == {"partial": (0, 0), "drop": (3, 0), "pad": (0, 1)}[tail]
    other = site.get(target("batches/plan", batch_size=2, world_size=2, stride=4, tail=tail)).json
    assert (other["dropped"], other["padded"]) == (3 if tail == "drop" else 0, 0)


@pytest.mark.parametrize("name", FORMATS_OF_ONE)
def test_one_batch_is_the_same_with_any_stride_in_every_format(site: sites.Site, tiny: Dataset, name: str) -> None:
    plain, strided = (site.get(target(seed=2, batch_size=4, start=8, stride=n, format=name)) for n in (1, 3))
    for one, other in zip(read(name, plain.body), read(name, strided.body), strict=True):
        assert (one is None and other is None) or np.array_equal(one, other)  # type: ignore[arg-type]
    assert [number(answer, "Next-Start") for answer in (plain, strided)] == [12, 20]
    assert [number(answer, "Epoch-Steps") for answer in (plain, strided)] == [4, 2]
    if name == "json":
        told = json.loads(strided.body)
        assert (told["next_start"], told["epoch_steps"], told["rev"]) == (20, 2, tiny.rev)
        assert told["links"]["next"] == following(strided)


def test_lines_and_record_batches_are_the_same_steps(site: sites.Site) -> None:
    query: dict[str, Any] = {"batch_size": 3, "stride": 3, "steps": "all", "seed": 1}
    lines = site.get(target(**query, format="ndjson")).body.splitlines()
    batches = list_batches(site.get(target(**query)))
    assert [json.loads(line)["index"] for line in lines] == [index for batch in batches for index in batch]


@pytest.mark.parametrize("tail", ["partial", "drop", "pad"])
def test_head_tells_the_length_of_a_strided_stream(site: sites.Site, tail: str) -> None:
    there = target(batch_size=2, world_size=3, rank=2, stride=3, steps="all", tail=tail)
    answer, head = site.get(there), site.head(there)
    assert (head.status, head.body) == (200, b"")
    assert number(head, "Content-Length") == len(answer.body) == number(answer, "Content-Length")
    for name in ("ETag", "Epoch-Steps", "Next-Start", "Valid-Rows"):
        assert head[name] == answer[name]


def test_a_stride_of_one_changes_nothing(site: sites.Site) -> None:
    plain, strided = site.get(target(batch_size=4, seed=5)), site.get(target(batch_size=4, seed=5, stride=1))
    assert (plain.body, plain["ETag"], plain["Link"]) == (strided.body, strided["ETag"], strided["Link"])
    assert site.get(target(batch_size=4, seed=5, stride=2))["ETag"] != plain["ETag"]


@pytest.mark.parametrize("stride", ["0", "-1", "65537", "1.5", "all", "", "%201"])
def test_what_is_no_stride_is_refused_with_the_bounds(site: sites.Site, stride: str) -> None:
    for path in ("batches", "batches/plan"):
        answer = site.get(f"{MADE}/{path}?stride={stride}")
        assert answer.status == 422
        assert answer.json["errors"][0]["name"] == "stride"
        assert "an integer from 1 to 65536" in answer.json["detail"]
    assert "is not a parameter here" in site.get(f"{MADE}/order?stride=2").json["detail"]


def test_the_largest_stride_takes_the_first_step_alone(site: sites.Site) -> None:
    answer = site.get(target(batch_size=8_192, world_size=65_536, stride=65_536, steps="all"))
    assert (answer["Epoch-Steps"], answer["Next-Start"]) == ("1", str(made.TRAIN))


def test_a_worker_without_steps_is_told_how_many_the_epoch_has(site: sites.Site) -> None:
    answer = site.get(target(batch_size=10, start=30, stride=4, steps="all"))
    assert answer.status == 404
    assert "has 3 steps of 10" in answer.json["detail"]


@pytest.mark.parametrize(("where", "count"), [("/v1/datasets/mnist/train", 60_000), ("/v1/datasets/digits/all", 1_797)])
def test_workers_of_two_ranks_tile_the_real_datasets(live: sites.Site, where: str, count: int) -> None:
    order = np.load(io.BytesIO(live.get(target("order", where=where, seed=9, format="npy")).body), allow_pickle=False)
    found = np.full(count, -1, np.int64)
    for rank in range(2):
        for worker in range(3):
            query: dict[str, Any] = {"seed": 9, "batch_size": 128, "world_size": 2, "rank": rank}
            query |= {"start": 256 * worker, "stride": 3}
            for number_of_batch, batch in enumerate(list_batches(live.get(target(where=where, **query, steps="all")))):
                first = (worker + 3 * number_of_batch) * 256
                found[first : first + 256][rank::2] = batch
    assert np.array_equal(found, order)
