"""What audits batches: the plan of an epoch adds up, and its order is the one that the batches follow."""

import io
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.schemas import EpochPlan
from service.data.dataset import Dataset
from service.data.order import order_v1
from tests import sites

HERE = "/v1/datasets/made"


def ask(site: sites.Site, path: str, split: str = "train", **query: Any) -> sites.Answer:  # noqa: ANN401 - any parameters
    return site.get(f"{HERE}/{split}/{path}?{urlencode(query, doseq=True)}")


PLANS = st.fixed_dictionaries(
    {"batch_size": st.integers(1, 9), "world_size": st.integers(1, 5)},
    optional={
        "start": st.integers(0, 30),
        "tail": st.sampled_from(["partial", "drop", "pad"]),
        "label": st.sampled_from([0, 1, 2, 3]),
        "shuffle": st.sampled_from(["true", "false"]),
    },
)


@given(PLANS, st.sampled_from(["train", "all"]))
def test_the_numbers_of_a_plan_add_up(site: sites.Site, query: dict[str, Any], split: str) -> None:
    answer = ask(site, "batches/plan", split, **query)
    assert answer.status == 200, answer.body
    plan = EpochPlan.model_validate(answer.json)
    left = max(0, plan.epoch_samples - query.get("start", 0))
    assert plan.global_batch == query["batch_size"] * query["world_size"]
    assert len(plan.rows_per_rank) == query["world_size"]
    assert sum(plan.rows_per_rank) == left - plan.dropped + plan.padded
    assert max(plan.rows_per_rank) - min(plan.rows_per_rank) <= query["batch_size"]
    tail = query.get("tail", "partial")
    assert plan.dropped == (left % plan.global_batch if tail == "drop" else 0)
    assert 0 <= plan.padded < plan.global_batch
    assert plan.padded == 0 or tail == "pad"
    if tail != "partial":
        assert set(plan.rows_per_rank) == {plan.epoch_steps * query["batch_size"]}


@given(PLANS)
def test_a_plan_tells_how_many_rows_each_rank_will_get(site: sites.Site, query: dict[str, Any]) -> None:
    plan = ask(site, "batches/plan", **query).json
    for rank, rows in enumerate(plan["rows_per_rank"]):
        answer = ask(site, "batches", **query, rank=rank, steps="all", format="ndjson")
        if plan["epoch_steps"] == 0:
            assert answer.status == 404
        else:
            assert (answer.status, int(answer["Epoch-Steps"])) == (200, plan["epoch_steps"])
            assert len(answer.body.splitlines()) == rows


@given(
    seed=st.integers(0, 2**64 - 1),
    epoch=st.integers(0, 2**32 - 1),
    split=st.sampled_from(["train", "test", "all"]),
    label=st.lists(st.integers(0, 2), max_size=2),
)
def test_an_order_is_order_v1_of_the_samples_in_either_format(
    site: sites.Site, tiny: Dataset, *, seed: int, epoch: int, split: str, label: list[int]
) -> None:
    members = np.flatnonzero(np.isin(tiny.split(split).labels, label or range(4)))
    expected = members[order_v1(len(members), seed=seed, epoch=epoch)].tolist()
    query = {"seed": seed, "epoch": epoch, "label": label}
    as_json, as_npy = (ask(site, "order", split, **query, format=name) for name in ("json", "npy"))
    assert as_json.json == {"order": expected}
    assert np.load(io.BytesIO(as_npy.body), allow_pickle=False).tolist() == expected
    assert as_json["Epoch-Samples"] == as_npy["Epoch-Samples"] == str(len(expected))


def test_without_shuffling_an_order_is_that_of_the_file_for_every_seed(site: sites.Site) -> None:
    orders = [ask(site, "order", seed=seed, shuffle="false").json["order"] for seed in range(3)]
    assert orders == [list(range(23))] * 3


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("order", {"batch_size": 1}, "batch_size"),
        ("order", {"epoch": 2**32}, "epoch"),
        ("order", {"seed": 2**64}, "seed"),
        ("order", {"part": "holdout"}, "part"),
        ("batches/plan", {"world_size": 65_537}, "world_size"),
        ("batches/plan", {"batch_size": 8_193}, "batch_size"),
        ("batches/plan", {"rank": 1}, "rank"),
        ("batches/plan", {"fold": 1}, "folds"),
        ("batches/plan", {"per_class": 99}, "per_class"),
    ],
)
def test_what_no_epoch_has_is_refused(site: sites.Site, path: str, query: dict[str, Any], name: str) -> None:
    answer = ask(site, path, **query)
    assert answer.status == 422
    assert [fault["name"] for fault in answer.json["errors"]] == [name]


def test_a_plan_of_the_most_ranks_is_drawn_up(site: sites.Site) -> None:
    plan = ask(site, "batches/plan", world_size=65_536, batch_size=8_192).json
    assert (plan["epoch_steps"], len(plan["rows_per_rank"]), sum(plan["rows_per_rank"])) == (1, 65_536, 23)


def test_a_plan_has_no_order_and_costs_nothing_to_make(live: sites.Site) -> None:
    answer = live.get("/v1/datasets/mnist/all/batches/plan?seed=123456&world_size=3&tail=drop&batch_size=1000")
    assert answer.json == {
        "epoch_samples": 70_000,
        "global_batch": 3_000,
        "epoch_steps": 23,
        "dropped": 1_000,
        "padded": 0,
        "rows_per_rank": [23_000] * 3,
    }
