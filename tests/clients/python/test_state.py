"""The state of a run: what it holds, what it refuses, and that a resumed epoch visits every sample once."""

import json
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits_client import Batches, ChangedData, Split, StateMismatch, connect
from service.data.order import order_v1
from tests import made
from tests.sites import Site

RUN: dict[str, Any] = {"batch_size": 4, "seed": 1, "label": [1, 2], "fold": 0, "folds": 2}
"""A run in which every parameter of the order is used."""


def visit(batches: Batches) -> list[int]:
    return [int(index) for batch in batches for index in batch.index]


def test_a_state_holds_all_that_determines_the_order(train: Split) -> None:
    batches = train.batches(4, seed=1, epoch=2, label=2)
    next(iter(batches))
    assert batches.state_dict() == {
        "dataset": "made",
        "split": "train",
        "rev": train.rev,
        "seed": 1,
        "shuffle": True,
        "tail": "partial",
        "global_batch": None,
        "balanced": False,
        "range": None,
        "label": [2],
        "per_class": None,
        "fold": None,
        "folds": None,
        "part": None,
        "epoch": 2,
        "start": 4,
    }
    assert json.loads(json.dumps(batches.state_dict())) == batches.state_dict()


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"seed": 2}, "seed 1 instead of 2"),
        ({"shuffle": False}, "shuffle True instead of False"),
        ({"label": [2]}, r"label \[1, 2\] instead of \[2\]"),
        ({"label": None}, r"label \[1, 2\] instead of None"),
        ({"fold": 1}, "fold 0 instead of 1"),
        ({"folds": 3}, "folds 2 instead of 3"),
        ({"part": "holdout"}, "part 'train' instead of 'holdout'"),
        (
            {"fold": None, "folds": None},
            "fold 0 instead of None; folds 2 instead of None; part 'train' instead of None",
        ),
        ({"per_class": 1}, "per_class None instead of 1"),
        ({"tail": "drop"}, "tail 'partial' instead of 'drop'; global_batch None instead of 4"),
    ],
)
def test_a_state_of_another_run_is_refused_with_the_difference(
    train: Split, other: dict[str, Any], difference: str
) -> None:
    state = train.batches(**RUN).state_dict()
    with pytest.raises(StateMismatch, match=f"another run, which has {difference}"):
        train.batches(**{**RUN, **other}).load_state_dict(state)


def test_a_state_of_another_split_dataset_or_revision_is_refused(train: Split, all_digits: Split, site: Site) -> None:
    state = train.batches(5).state_dict()
    with pytest.raises(StateMismatch, match="split 'train' instead of 'test'"):
        connect(site.url).dataset("made")["test"].batches(5).load_state_dict(state)
    with pytest.raises(StateMismatch, match="dataset 'made' instead of 'digits'; split 'train' instead of 'all'"):
        all_digits.batches(5).load_state_dict(state)
    with pytest.raises(ChangedData, match="revision 000000000000"):
        train.batches(5).load_state_dict({**state, "rev": "000000000000"})


def test_a_state_that_is_incomplete_or_outside_the_epoch_is_refused(train: Split) -> None:
    batches = train.batches(5)
    state = batches.state_dict()
    with pytest.raises(StateMismatch, match="lacks label, start"):
        batches.load_state_dict({name: value for name, value in state.items() if name not in ("start", "label")})
    for position in ({"start": 24}, {"start": -1}, {"epoch": -1}):
        with pytest.raises(StateMismatch, match="an epoch has 23 samples"):
            batches.load_state_dict({**state, **position})
    assert visit(batches) == order_v1(made.TRAIN, seed=0).tolist()


@pytest.mark.parametrize("label", [2, [2], (2, 2), np.int64(2), np.array([2])])
def test_equal_choices_of_labels_are_one_run(train: Split, label: Any) -> None:  # noqa: ANN401
    train.batches(4, label=[2]).load_state_dict(train.batches(4, label=label).state_dict())


def test_the_default_part_is_no_difference(train: Split) -> None:
    train.batches(4).load_state_dict(train.batches(4, part="train").state_dict())
    folded = train.batches(4, fold=1, folds=2).state_dict()
    train.batches(4, fold=1, folds=2, part="train").load_state_dict(folded)


def test_numbers_of_numpy_are_plain_in_a_state(train: Split) -> None:
    one = np.int64(1)
    batches = train.batches(one, seed=one, epoch=one, start=one, fold=one, folds=one + one, per_class=one)  # type: ignore[arg-type]
    batches.set_epoch(np.int64(2))  # type: ignore[arg-type]
    assert json.loads(json.dumps(batches.state_dict()))["epoch"] == 2


def test_no_labels_are_all_labels(train: Split) -> None:
    train.batches(4).load_state_dict(train.batches(4, label=[]).state_dict())


def test_the_global_batch_matters_only_where_samples_are_left_out_or_repeated(train: Split) -> None:
    batches = train.batches(2, seed=3)
    assert len(list(islice(batches, 4))) == 4
    other = train.batches(5, world_size=1, seed=3)
    other.load_state_dict(batches.state_dict())
    assert visit(other) == order_v1(made.TRAIN, seed=3)[8:].tolist()
    with pytest.raises(StateMismatch, match="global_batch 2 instead of 10"):
        train.batches(5, world_size=2, tail="pad").load_state_dict(train.batches(2, tail="pad").state_dict())
    train.batches(5, world_size=2, tail="pad").load_state_dict(train.batches(10, tail="pad").state_dict())


@given(taken=st.integers(0, 6), epoch=st.integers(0, 5), again=st.booleans())
@settings(max_examples=20)
def test_the_usual_loop_continues_the_epoch_and_visits_every_later_one_whole(
    train: Split, taken: int, epoch: int, again: bool
) -> None:
    before = train.batches(4, seed=7, epoch=epoch)
    visited = [int(index) for batch in islice(before, taken) for index in batch.index]
    state = before.state_dict()
    epochs = [visited] if state["epoch"] == epoch else [visited, []]
    after = train.batches(4, seed=7)
    after.load_state_dict(state)
    for number in range(state["epoch"], epoch + 3):
        after.set_epoch(number)
        if again:
            after.set_epoch(number)
        part = visit(after)
        epochs = [[*epochs[0], *part]] if number == epoch else [*epochs, part]
    whole = [order_v1(made.TRAIN, seed=7, epoch=number).tolist() for number in range(epoch, epoch + 3)]
    assert [one for one in epochs if one] == whole


def test_another_epoch_begins_at_its_start(train: Split) -> None:
    batches = train.batches(4, seed=7, epoch=2, start=8)
    batches.set_epoch(3)
    assert visit(batches) == order_v1(made.TRAIN, seed=7, epoch=3).tolist()
    batches.set_epoch(2)
    assert visit(batches) == order_v1(made.TRAIN, seed=7, epoch=2).tolist()
