"""Mixtures: each source gives its share and visits every sample once an epoch, wherever the run is interrupted."""

import json
import threading
from collections import Counter
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits_client import Batches, ChangedData, Split, StateMismatch, Unreachable, connect
from digits_client.mix import Mixture, choose_sources, mix
from service.data.order import order_v1
from tests import made
from tests.clients.python.flaky import Flaky
from tests.sites import Site
from tests.test_order_page import REFERENCE

SPLITS = {"train": made.TRAIN, "test": made.TEST, "all": made.TRAIN + made.TEST}

Step = tuple[int, list[int]]
"""The number of a source, and the indices of its batch."""


def open_runs(site: Site, *, rank: int = 0, world_size: int = 1) -> list[Batches]:
    """A run over each split of the made dataset, with seeds and global batches that differ."""
    dataset = connect(site.url).dataset("made")
    return [
        dataset["train"].batches(4 // world_size, seed=1, rank=rank, world_size=world_size),
        dataset["test"].batches(2 // world_size, seed=2, epoch=3, start=4, rank=rank, world_size=world_size),
        dataset["all"].batches(6 // world_size, seed=3, tail="drop", rank=rank, world_size=world_size),
    ]


def take(mixture: Mixture, steps: int) -> list[Step]:
    return [(source, batch.index.tolist()) for source, batch in islice(mixture, steps)]


def follow(name: str, size: int, *, seed: int, epoch: int = 0, start: int = 0, drop: bool = False) -> Any:  # noqa: ANN401
    """The batches of a run for ever, by the specification and without the code of the client."""
    while True:
        order = order_v1(SPLITS[name], seed=seed, epoch=epoch).tolist()
        end = SPLITS[name] // size * size if drop else SPLITS[name]
        yield from (order[first : first + size] for first in range(start, end, size))
        epoch, start = epoch + 1, 0


def expect(weights: list[int], steps: int) -> list[Step]:
    """The steps of the mixture of `open_runs`, by the specification."""
    runs = [
        follow("train", 4, seed=1),
        follow("test", 2, seed=2, epoch=3, start=4),
        follow("all", 6, seed=3, drop=True),
    ]
    return [(source, next(runs[source])) for source in islice(REFERENCE["sources"](weights), steps)]


weights_of_three = st.lists(st.integers(1, 5), min_size=3, max_size=3)


@given(weights=weights_of_three, parts=st.lists(st.integers(0, 25), min_size=1, max_size=4))
@settings(max_examples=15)
def test_a_mixture_is_the_specified_one_wherever_it_is_interrupted(
    site: Site, weights: list[int], parts: list[int]
) -> None:
    seen: list[Step] = []
    state: Any = None
    for steps in parts:
        with mix(open_runs(site), weights) as mixture:
            if state is not None:
                mixture.load_state_dict(state)
            seen += take(mixture, steps)
            state = json.loads(json.dumps(mixture.state_dict()))
    assert seen == expect(weights, sum(parts))
    assert state["step"] == sum(parts)


@given(weights=weights_of_three)
@settings(max_examples=5)
def test_each_source_visits_every_sample_once_in_each_of_its_epochs(site: Site, weights: list[int]) -> None:
    with mix(open_runs(site), weights) as mixture:
        steps = take(mixture, 20 * sum(weights))
    first = [index for source, indices in steps if source == 0 for index in indices]
    epochs = [first[begin : begin + made.TRAIN] for begin in range(0, len(first), made.TRAIN)]
    whole = [epoch for epoch in epochs if len(epoch) == made.TRAIN]
    assert len(whole) >= 3
    assert all(sorted(epoch) == list(range(made.TRAIN)) for epoch in whole)
    assert Counter(source for source, _ in steps) == {source: 20 * weight for source, weight in enumerate(weights)}


@pytest.mark.parametrize("taken", [0, 5, 13])
def test_a_mixture_goes_on_with_another_number_of_ranks(site: Site, taken: int) -> None:
    weights = [2, 1, 3]
    with mix(open_runs(site), weights) as mixture:
        take(mixture, taken)
        state = mixture.state_dict()
    ranks = [mix(open_runs(site, rank=rank, world_size=2), weights) for rank in range(2)]
    for rank in ranks:
        rank.load_state_dict(state)
    expected = expect(weights, taken + 30)[taken:]
    for (source, indices), *parts in zip(expected, *(take(rank, 30) for rank in ranks), strict=True):
        assert [one for one, _ in parts] == [source, source]
        joined = [-1] * len(indices)
        for number, (_, mine) in enumerate(parts):
            joined[number::2] = mine
        assert joined == indices
    for rank in ranks:
        rank.close()


def test_datasets_of_different_shapes_are_told_apart_by_the_number_of_their_source(live: Site) -> None:
    client = connect(live.url)
    runs = [client.dataset("mnist")["test"].batches(32), client.dataset("digits")["all"].batches(16)]
    with mix(runs, [3, 1]) as mixture:
        shapes = [(source, batch.x.shape) for source, batch in islice(mixture, 8)]
    assert shapes == [(source, [(32, 28, 28), (16, 8, 8)][source]) for source in (0, 0, 1, 0, 0, 0, 1, 0)]


# --- the position ---


def test_a_loop_continues_where_the_one_before_ended_and_the_runs_stay_where_they_are(site: Site) -> None:
    runs = open_runs(site)
    before = [run.state_dict() for run in runs]
    with mix(runs, [1, 1, 1]) as mixture:
        assert take(mixture, 4) + take(mixture, 9) == expect([1, 1, 1], 13)
        mixture.close()
        assert take(mixture, 7) == expect([1, 1, 1], 20)[13:]
    assert [run.state_dict() for run in runs] == before


def test_a_state_is_that_of_the_batch_in_hand(site: Site) -> None:
    with mix(open_runs(site), [1, 1, 1]) as mixture:
        begun = mixture.state_dict()
        assert [(run["epoch"], run["start"]) for run in begun["runs"]] == [(0, 0), (3, 4), (0, 0)]
        for number, _ in enumerate(islice(mixture, 9), start=1):
            assert mixture.state_dict()["step"] == number
        assert [(run["epoch"], run["start"]) for run in mixture.state_dict()["runs"]] == [(0, 12), (4, 2), (0, 18)]


def test_the_same_run_may_be_two_sources(train: Split) -> None:
    run = train.batches(5, seed=4)
    with mix([run, run], [1, 1]) as mixture:
        steps = take(mixture, 24)
    expected = list(islice(follow("train", 5, seed=4), 12))
    assert [[indices for source, indices in steps if source == number] for number in (0, 1)] == [expected, expected]


def test_a_batch_that_does_not_come_is_not_counted_and_is_asked_for_again(flaky: Flaky) -> None:
    dataset = connect(flaky.url, patience=0).dataset("made")
    runs = [dataset["train"].batches(4, seed=1), dataset["test"].batches(2, seed=2)]
    runs_by_page = [follow("train", 4, seed=1), follow("test", 2, seed=2)]
    expected = [(source, next(runs_by_page[source])) for source in islice(REFERENCE["sources"]([2, 1]), 30)]
    with mix(runs, [2, 1]) as mixture:
        assert take(mixture, 1) == expected[:1]
        flaky.fail(["silent"] * 20, only="/batches?")  # the second source begins with the second step
        with pytest.raises(Unreachable):
            next(mixture)
        assert mixture.state_dict()["step"] == 1
        flaky.fail([])
        assert take(mixture, 29) == expected[1:]


def test_no_thread_is_left_when_a_mixture_is_closed(site: Site) -> None:
    with mix(open_runs(site), [1, 2, 3]) as mixture:
        take(mixture, 40)
    for thread in threading.enumerate():
        if thread.name.startswith("digits"):
            thread.join(20)
            assert not thread.is_alive()


# --- the sequence of sources ---


@given(weights=st.lists(st.integers(1, 9), min_size=1, max_size=5), step=st.integers(0, 100))
def test_sources_are_those_of_the_specification_from_any_step_on(weights: list[int], step: int) -> None:
    expected = list(islice(REFERENCE["sources"](weights), step, step + 60))
    assert list(islice(choose_sources(weights, step=step), 60)) == expected
    period = list(islice(choose_sources(weights), sum(weights)))
    assert Counter(period) == dict(enumerate(weights))
    assert list(islice(choose_sources(weights, step=sum(weights)), sum(weights))) == period


def test_the_position_of_a_long_run_is_found_at_once() -> None:
    weights = [3_000_000, 1_000_000]
    assert list(islice(choose_sources(weights, step=10**18), 4)) == [0, 0, 1, 0]


# --- refusals ---


@pytest.mark.parametrize("weights", [[], [1], [1, 2, 3, 4], [1, 0, 1], [1, -1, 1], [1.0, 1, 1], ["1", 1, 1]])
def test_weights_that_do_not_fit_are_refused(site: Site, weights: list[Any]) -> None:
    with pytest.raises(ValueError, match="weights must be"):
        mix(open_runs(site), weights)


def test_a_mixture_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="each of the 0 runs"):
        mix([], [])


def test_weights_of_numpy_are_plain_in_a_state(site: Site) -> None:
    state = mix(open_runs(site), np.array([1, 2, 3])).state_dict()  # type: ignore[arg-type]
    assert json.loads(json.dumps(state))["weights"] == [1, 2, 3]


def test_a_run_without_batches_is_refused_when_the_mixture_is_made(train: Split) -> None:
    with pytest.raises(ValueError, match=r"Run 1 has no batch: an epoch has 23 samples, and with tail='drop' .* of 24"):
        mix([train.batches(4), train.batches(24, tail="drop")], [1, 1])


def test_a_state_of_another_mixture_is_refused_with_the_difference(site: Site, train: Split) -> None:
    mixture = mix(open_runs(site), [1, 2, 3])
    state = mixture.state_dict()
    with pytest.raises(StateMismatch, match=r"weights \[1, 2, 3\] instead of \[3, 2, 1\]"):
        mix(open_runs(site), [3, 2, 1]).load_state_dict(state)
    first, _, third = open_runs(site)
    with pytest.raises(StateMismatch, match=r"Run 1 of the mixture: .* split 'test' instead of 'train'"):
        mix([first, train.batches(2, seed=2), third], [1, 2, 3]).load_state_dict(state)
    with pytest.raises(StateMismatch, match="lacks runs, step"):
        mixture.load_state_dict({"weights": [1, 2, 3]})
    for damage in ({"step": -1}, {"step": "1"}, {"runs": state["runs"][:2]}):
        with pytest.raises(StateMismatch, match="is damaged"):
            mixture.load_state_dict({**state, **damage})
    with pytest.raises(ChangedData, match="revision 000000000000"):
        mixture.load_state_dict({**state, "runs": [{**run, "rev": "000000000000"} for run in state["runs"]]})
    assert take(mixture, 10) == expect([1, 2, 3], 10)
    mixture.close()
