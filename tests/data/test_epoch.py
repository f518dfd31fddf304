from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.data.dataset import Dataset
from service.data.epoch import Epoch, Tail
from service.data.order import order_v1
from service.data.sample_order import SampleOrder
from service.data.selection import Selection
from tests import made

tails = st.sampled_from(get_args(Tail))
seeds = st.integers(0, 2**64 - 1)


@st.composite
def epochs(draw: st.DrawFn) -> Epoch:
    """Epochs of made datasets, of any shape, from any start on; now and then one of which nothing is left."""
    split = draw(made.datasets()).split(draw(st.sampled_from(["train", "all"])))
    order = SampleOrder(
        split=split,
        seed=draw(seeds),
        number=draw(st.integers(0, 3)),
        shuffle=draw(st.booleans()),
        balanced=draw(st.booleans()),
    )
    return Epoch(
        order=order,
        batch_size=draw(st.integers(1, 9)),
        world_size=draw(st.integers(1, 9)),
        start=draw(st.integers(0, len(split) + 2)),
        tail=draw(tails),
    )


def indices(selection: Selection) -> list[int]:
    return list(map(int, selection.indices))


def global_batch(epoch: Epoch, step: int) -> list[int]:
    """What all ranks get in a step, in the order of the epoch: rank r has `[r::W]` of it."""
    ranks = [indices(epoch.step(step, rank)) for rank in range(epoch.world_size)]
    joined = [-1] * sum(map(len, ranks))
    for rank, mine in enumerate(ranks):
        joined[rank :: epoch.world_size] = mine
    return joined


def visited(epoch: Epoch) -> list[int]:
    return [index for step in range(epoch.steps) for index in global_batch(epoch, step)]


def expected(epoch: Epoch) -> list[int]:
    """The same by the words of the specification alone."""
    whole = indices(epoch.order.select())
    left, size = whole[epoch.start :], epoch.batch_size * epoch.world_size
    over = len(left) % size
    if epoch.tail == "drop":
        return left[: len(left) - over]
    if epoch.tail == "pad" and over:
        return left + (whole * (size // len(whole) + 1))[: size - over]
    return left


@given(epochs())
def test_ranks_tile_the_epoch_for_every_shape_start_and_tail(epoch: Epoch) -> None:
    assert visited(epoch) == expected(epoch)


@given(epochs())
def test_all_steps_are_the_steps_one_after_the_other(epoch: Epoch) -> None:
    for rank in range(epoch.world_size):
        streamed = [indices(selection) for selection in epoch.all_steps(rank, epoch.steps)]
        assert streamed == [indices(epoch.step(step, rank)) for step in range(epoch.steps)]


@given(epochs(), st.sampled_from([1, 2, 3, 4, 6, 12]), st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_with_the_global_batch_fixed_batches_do_not_depend_on_the_number_of_ranks(
    epoch: Epoch, one: int, other: int
) -> None:
    few = replace(epoch, world_size=one, batch_size=12 // one)
    many = replace(epoch, world_size=other, batch_size=12 // other)
    assert few.steps == many.steps
    assert [global_batch(few, step) for step in range(few.steps)] == [
        global_batch(many, step) for step in range(many.steps)
    ]


@given(epochs(), st.data())
def test_an_epoch_goes_on_from_wherever_it_stood_even_on_other_ranks(epoch: Epoch, draw: st.DataObject) -> None:
    done = draw.draw(st.integers(0, epoch.steps))
    rest = replace(epoch, start=epoch.start + done * epoch.global_batch)
    assert [global_batch(rest, step) for step in range(rest.steps)] == [
        global_batch(epoch, step) for step in range(done, epoch.steps)
    ]
    if epoch.tail == "partial":
        other = replace(rest, world_size=draw.draw(st.integers(1, 5)), batch_size=draw.draw(st.integers(1, 5)))
        assert visited(other) == visited(rest)


@given(epochs())
def test_next_start_leads_through_the_epoch(epoch: Epoch) -> None:
    starts = [epoch.next_start(done) for done in range(epoch.steps + 1)]
    if epoch.start <= epoch.samples:
        assert starts[0] == epoch.start
        for start, following in pairwise(starts):
            assert replace(epoch, start=start).next_start(1) == following
    assert starts[-1] <= epoch.samples
    assert replace(epoch, start=starts[-1]).steps == 0


@given(epochs())
def test_padding_repeats_the_beginning_of_the_same_order_and_comes_last(epoch: Epoch) -> None:
    epoch = replace(epoch, tail="pad")
    for rank in range(epoch.world_size):
        for step in range(epoch.steps):
            there = replace(epoch, start=epoch.start + step * epoch.global_batch)
            valid, mine = there.valid_rows(rank, 1), indices(there.step(0, rank))
            real = indices(replace(there, tail="partial").step(0, rank))
            assert len(mine) == epoch.batch_size
            assert mine[:valid] == real
            places = range(there.start + rank, there.start + epoch.global_batch, epoch.world_size)
            repeated = [indices(epoch.order.select())[place % epoch.samples] for place in places[valid:]]
            assert all(place >= epoch.samples for place in places[valid:])
            assert mine[valid:] == repeated


@given(epochs())
def test_the_plan_tells_what_really_comes(epoch: Epoch) -> None:
    ranks = range(epoch.world_size)
    sizes = [[len(epoch.step(step, rank)) for step in range(epoch.steps)] for rank in ranks]
    assert epoch.rows_per_rank() == [sum(mine) for mine in sizes]
    assert epoch.samples == len(epoch.order.positions)
    left = max(0, epoch.samples - epoch.start)
    assert sum(map(sum, sizes)) == left - epoch.dropped + epoch.padded
    assert epoch.dropped == 0 or epoch.tail == "drop"
    assert epoch.padded == 0 or epoch.tail == "pad"
    assert 0 <= epoch.dropped < epoch.global_batch
    assert 0 <= epoch.padded < epoch.global_batch
    for rank in ranks:
        for steps in range(1, epoch.steps + 1):
            told = Counter(epoch.sizes(rank, steps))
            assert +told == Counter(sizes[rank][:steps])
    real = [epoch.valid_rows(rank, epoch.steps) for rank in ranks]
    assert sum(real) == left - epoch.dropped


@pytest.mark.parametrize("name", ["mnist", "digits"])
@given(
    seed=seeds,
    number=st.integers(0, 2**32 - 1),
    world_size=st.integers(1, 40),
    batch_size=st.integers(64, 8192),
    share=st.floats(0, 1),
    tail=tails,
)
def test_ranks_tile_the_real_datasets(
    real: dict[str, Dataset],
    name: str,
    seed: int,
    number: int,
    world_size: int,
    batch_size: int,
    share: float,
    tail: Tail,
) -> None:
    split = real[name].split("all")
    shuffled = order_v1(len(split), seed=seed, epoch=number)
    epoch = Epoch(
        order=SampleOrder(split=split, seed=seed, number=number),
        batch_size=batch_size,
        world_size=world_size,
        start=int(share * len(split)),
        tail=tail,
    )
    none = np.empty(0, np.int64)
    ranks = [np.concatenate([none, *map(_array, epoch.all_steps(rank, epoch.steps))]) for rank in range(world_size)]
    joined = np.empty(sum(map(len, ranks)), np.int64)
    for rank, mine in enumerate(ranks):
        joined[rank::world_size] = mine
    assert [len(mine) for mine in ranks] == epoch.rows_per_rank()
    repeated = np.resize(shuffled, epoch.padded)
    assert np.array_equal(joined, np.concatenate([shuffled[epoch.start : len(shuffled) - epoch.dropped], repeated]))


def _array(selection: Selection) -> NDArray[np.int64]:
    return np.asarray(selection.indices, np.int64)


# --- a stride ---

strides = st.integers(1, 5)


@given(epochs(), strides)
def test_workers_that_take_every_nth_step_tile_the_epoch(epoch: Epoch, workers: int) -> None:
    size = epoch.global_batch
    parts = [replace(epoch, start=epoch.start + worker * size, stride=workers) for worker in range(workers)]
    for worker, part in enumerate(parts):
        assert [global_batch(part, step) for step in range(part.steps)] == [
            global_batch(epoch, step) for step in range(worker, epoch.steps, workers)
        ]
    assert sum(part.steps for part in parts) == epoch.steps
    assert sum(part.padded for part in parts) == epoch.padded
    ranks = zip(*(part.rows_per_rank() for part in parts), strict=True)
    assert [sum(rows) for rows in ranks] == epoch.rows_per_rank()


@given(epochs(), strides)
def test_the_numbers_of_strided_steps_are_those_of_what_comes(epoch: Epoch, stride: int) -> None:
    whole, epoch = epoch, replace(epoch, stride=stride)
    ranks = range(epoch.world_size)
    sizes = [[len(epoch.step(step, rank)) for step in range(epoch.steps)] for rank in ranks]
    assert epoch.rows_per_rank() == [sum(mine) for mine in sizes]
    assert epoch.dropped == whole.dropped
    assert epoch.padded in (0, whole.padded)
    assert bool(epoch.padded) == (whole.padded > 0 and (whole.steps - 1) % stride == 0)
    for rank in ranks:
        for steps in range(1, epoch.steps + 1):
            assert +Counter(epoch.sizes(rank, steps)) == Counter(sizes[rank][:steps])
        assert epoch.valid_rows(rank, 0) == 0
    assert sum(epoch.valid_rows(rank, epoch.steps) for rank in ranks) == sum(map(sum, sizes)) - epoch.padded


@given(epochs(), strides)
def test_next_start_leads_a_worker_from_one_of_its_steps_to_the_next(epoch: Epoch, stride: int) -> None:
    epoch = replace(epoch, stride=stride)
    steps, there = epoch.steps, epoch
    for step in range(steps):
        assert there.steps == steps - step
        assert global_batch(there, 0) == global_batch(epoch, step)
        there = replace(there, start=there.next_start(1))
    assert there.steps == 0


@given(epochs())
def test_all_numbers_come_without_a_pool_or_an_order(epoch: Epoch) -> None:
    steps = epoch.steps
    assert epoch.samples + epoch.dropped + epoch.padded + epoch.next_start(steps) >= 0
    assert epoch.valid_rows(0, steps) <= sum(epoch.rows_per_rank())
    if steps:
        assert epoch.sizes(0, steps)
    assert epoch.cost(10) >= 0
    assert not vars(epoch.order).keys() & {"pool", "positions"}
    if steps:
        epoch.step(0, 0)
        assert vars(epoch.order).keys() >= {"pool", "positions"}
