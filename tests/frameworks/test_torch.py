"""PyTorch's DataLoader: with and without workers, forked and spawned, and the datasets and loaders for it."""

import json
import os
from multiprocessing import active_children
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, DistributedSampler

from digits_client import ChangedData, Split, StateMismatch
from digits_client.scale import Scale
from digits_client.torch import Loader, OrderSampler, Samples, Stream
from tests.frameworks.law import (
    BATCH_SIZE,
    SAMPLES,
    STEPS,
    VISITS,
    indices,
    join,
    order,
    rank_steps,
    run,
    steps,
    workers_for,
)

WORKERS = [(0, None), (1, "fork"), (2, "fork"), (2, "spawn")]
"""Numbers of workers, and how they are started."""


def load(stream: Stream, workers: int = 0, context: str | None = None) -> DataLoader[Any]:
    return DataLoader(stream, batch_size=None, num_workers=workers, multiprocessing_context=context)


@pytest.fixture
def stream(digits: Split) -> Stream:
    return Stream(run(digits), columns=VISITS)


@pytest.mark.parametrize(("workers", "context"), WORKERS)
def test_the_order_does_not_depend_on_the_number_of_workers(stream: Stream, workers: int, context: str | None) -> None:
    batches = load(stream, workers, context)
    assert len(batches) == STEPS
    for epoch in (0, 5):
        stream.set_epoch(epoch)
        assert indices(batches) == steps(epoch)


def test_workers_that_persist_follow_set_epoch(stream: Stream) -> None:
    batches = DataLoader(stream, batch_size=None, num_workers=2, persistent_workers=True)
    for epoch in (0, 1, 7):
        stream.set_epoch(epoch)
        assert indices(batches) == steps(epoch)


def test_without_workers_a_plain_loop_visits_one_epoch_after_the_other(stream: Stream) -> None:
    batches = load(stream)
    assert [indices(batches) for _ in range(3)] == [steps(epoch) for epoch in range(3)]
    next(iter(batches))
    assert indices(batches) == steps(3)


def test_with_workers_a_forgotten_set_epoch_is_refused(stream: Stream) -> None:
    batches = load(stream, 2)
    assert indices(batches) == steps(0)
    with pytest.raises(RuntimeError, match=r"Call set_epoch\(epoch\) before each pass"):
        next(iter(batches))
    stream.set_epoch(1)
    assert indices(batches) == steps(1)


def test_with_workers_the_order_of_the_file_may_be_repeated(digits: Split) -> None:
    batches = load(Stream(digits.batches(BATCH_SIZE, shuffle=False), columns=VISITS), 2)
    for _ in range(2):
        assert join(indices(batches)) == list(range(SAMPLES))


@pytest.mark.parametrize(("workers", "context"), WORKERS[:-1])
def test_a_stream_continues_where_it_was(stream: Stream, workers: int, context: str | None) -> None:
    stream.set_epoch(2)
    batches = iter(load(stream, workers, context))
    for _ in range(7):
        next(batches)
    state = stream.state_dict(7)
    assert (state["epoch"], state["start"]) == (2, 700)
    del batches
    stream.set_epoch(0)
    stream.load_state_dict(state)
    assert len(stream) == 11
    visited = []
    for epoch in range(2, 4):
        stream.set_epoch(epoch)
        visited += indices(load(stream, workers, context))
    assert visited == steps(2, 3)[7:]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_state_at_the_end_of_a_pass_continues_with_the_next(stream: Stream, digits: Split, workers: int) -> None:
    batches = load(stream, workers)
    assert indices(batches) == steps(0)
    state = stream.state_dict(STEPS)
    assert (state["epoch"], state["start"]) == (0, SAMPLES)
    stream = Stream(run(digits), columns=VISITS)
    stream.load_state_dict(state)
    visited = []
    for epoch in range(state["epoch"], 2):
        stream.set_epoch(epoch)
        visited += indices(load(stream, workers))
    assert visited == steps(1)


def test_a_state_of_another_run_is_refused(stream: Stream) -> None:
    state = stream.state_dict(7)
    with pytest.raises(ChangedData):
        stream.load_state_dict({**state, "rev": "000000000000"})
    with pytest.raises(StateMismatch, match="shuffle False instead of True"):
        stream.load_state_dict({**state, "shuffle": False})


def test_a_stream_begins_where_its_batches_do(digits: Split) -> None:
    stream = Stream(run(digits, epoch=2, start=700), columns=VISITS)
    stream.set_epoch(2)
    assert indices(stream) == steps(2)[7:]


@pytest.mark.parametrize("scale", ["raw", "unit", "standard"])
@pytest.mark.parametrize(("workers", "context"), WORKERS)
def test_tensors_are_the_values(digits: Split, scale: Scale, workers: int, context: str | None) -> None:
    batches = digits.batches(100, layout="chw", scale=scale)
    for loader in (
        load(Stream(batches), workers, context),
        Loader(batches.copy_at(0), **workers_for(workers)),
    ):
        for (x, y), batch in zip(loader, batches.copy_at(0), strict=True):
            assert (x.dtype, y.dtype) == (torch.uint8 if scale == "raw" else torch.float32, torch.int64)
            assert np.array_equal(x.numpy(), batch.x)
            assert np.array_equal(y.numpy(), batch.y)
            x.add_(1)  # they belong to the loop


@pytest.mark.parametrize("workers", [0, 2])
def test_columns_may_have_names(digits: Split, workers: int) -> None:
    for batch in Loader(run(digits), columns={"pixel_values": "x", "labels": "y"}, **workers_for(workers)):
        assert isinstance(batch, dict)
        assert len(batch["labels"]) == len(batch["pixel_values"])
        assert batch["pixel_values"].shape[1:] == (1, 8, 8)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_function_of_the_caller_sees_the_columns_where_it_runs(digits: Split, workers: int) -> None:
    def double(item: Any) -> Any:
        x, y = item
        assert len(item) == 2
        assert item[1] is y
        return 2 * x, y

    def flip(item: Any) -> Any:
        return {key: value.flip(0) for key, value in item.items()}

    batch = next(iter(run(digits)))
    doubled: Any = next(iter(Loader(run(digits), num_workers=workers, collate_fn=double)))
    x, y = doubled
    assert np.array_equal(x.numpy(), 2 * batch.x)
    assert np.array_equal(y.numpy(), batch.y)
    named = {"image": "x", "label": "y"}
    flipped: Any = next(iter(Loader(run(digits), columns=named, num_workers=workers, collate_fn=flip)))
    assert np.array_equal(flipped["image"].numpy(), batch.x[::-1])


def test_workers_that_would_only_fetch_are_not_started(digits: Split) -> None:
    loader = Loader(run(digits), columns=VISITS, num_workers=2, persistent_workers=True)
    reading = iter(loader)
    visited = indices([next(reading)])
    assert active_children() == []
    assert visited + indices(reading) == steps(0)
    assert loader.num_workers == 2


def test_workers_hand_over_batches_without_files_of_shared_memory(digits: Split) -> None:
    loader = Loader(run(digits), columns=VISITS, num_workers=1, worker_init_fn=refuse_sharing)
    assert indices(loader) == steps(0)
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        next(iter(Loader(run(digits), num_workers=1, worker_init_fn=refuse_sharing, collate_fn=list)))


def refuse_sharing(_: int) -> None:
    """End a worker that hands over a tensor as PyTorch does; an error would be lost in the thread that does it."""
    ForkingPickler.register(torch.Tensor, lambda _: os._exit(3))


@pytest.mark.parametrize(("columns", "error"), [(("x", "z"), ValueError), ((), ValueError), ("xy", TypeError)])
def test_other_columns_are_refused(digits: Split, columns: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="columns must be"):
        Stream(run(digits), columns=columns)


def test_padding_is_never_taken_for_samples(digits: Split) -> None:
    for adapter in (Stream, Loader):
        with pytest.raises(ValueError, match='add the column "valid"'):
            adapter(run(digits, tail="pad"))
    visited = []
    padded: Any = Loader(run(digits, tail="pad"), columns=("x", "y", "index", "valid"))
    for _, _, index, valid in padded:
        assert (len(index), valid.dtype) == (100, torch.bool)
        visited += index[valid].tolist()
    assert visited == order(0)


@pytest.mark.parametrize(("workers", "context"), WORKERS)
def test_a_loader_visits_one_epoch_after_the_other(digits: Split, workers: int, context: str | None) -> None:
    loader = Loader(run(digits), columns=VISITS, multiprocessing_context=context, **workers_for(workers))
    assert len(loader) == STEPS
    assert [indices(loader) for _ in range(2)] == [steps(epoch) for epoch in range(2)]
    assert (loader.state_dict()["epoch"], loader.state_dict()["start"]) == (2, 0)


@pytest.mark.parametrize("taken", [0, 1, 7, 17, 18])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_continues_anywhere_with_another_number_of_workers(digits: Split, workers: int, taken: int) -> None:
    loader = Loader(run(digits, epoch=2), columns=VISITS, persistent_workers=workers > 0, **workers_for(workers))
    reading = iter(loader)
    visited = indices(next(reading) for _ in range(taken))
    state = json.loads(json.dumps(loader.state_dict()))
    del reading

    loader = Loader(run(digits), columns=VISITS, **workers_for(2 - workers))
    loader.load_state_dict(state)
    assert len(loader) == STEPS
    for epoch in range(state["epoch"], 4):
        loader.set_epoch(epoch)
        visited += indices(loader)
    assert visited == steps(2, 3)


@pytest.mark.parametrize("early", [False, True])
def test_a_worker_that_starts_late_does_not_read_the_next_epoch(digits: Split, early: bool) -> None:
    received = torch.multiprocessing.get_context("fork").Event()

    def wait(worker: int) -> None:
        assert worker == 0 or received.wait(30)

    loader = Loader(run(digits, epoch=2, start=1_700), columns=VISITS, num_workers=2, worker_init_fn=wait)
    visited = []
    for batch in loader:
        visited += indices([batch])
        if early:
            loader.set_epoch(3)
        received.set()
    assert visited == steps(2)[17:]
    assert indices(loader) == steps(3)


def test_a_loader_continues_on_another_number_of_ranks(digits: Split) -> None:
    ranks = [Loader(run(digits, 50, rank=rank, world_size=2), columns=VISITS) for rank in range(2)]
    readings = [iter(loader) for loader in ranks]
    parts = [indices(next(reading) for _ in range(5)) for reading in readings]
    assert parts == [rank_steps(rank, 2, 0, batch_size=50)[:5] for rank in range(2)]
    assert ranks[0].state_dict() == ranks[1].state_dict()

    loader = Loader(run(digits, 70), columns=VISITS)
    loader.load_state_dict(ranks[0].state_dict())
    assert join(indices(loader)) == order(0)[500:]
    assert indices(loader) == steps(1, batch_size=70)


def test_a_pass_that_was_left_begins_again(digits: Split) -> None:
    loader = Loader(run(digits), columns=VISITS, persistent_workers=True, **workers_for(2))
    for _ in range(2):
        next(iter(loader))
    assert indices(loader) == steps(0)


def test_a_pass_that_is_closed_late_does_not_disturb_the_next(digits: Split) -> None:
    loader = Loader(run(digits), columns=VISITS)
    left, reading = iter(loader), iter(loader)
    next(left)
    visited = indices([next(reading)])
    left.close()  # type: ignore[attr-defined] # it is a generator
    loader.set_epoch(5)
    assert (loader.dataset.epoch, loader.state_dict()["epoch"]) == (0, 5)
    visited += indices(reading)
    assert visited == steps(0)


def test_an_epoch_that_has_no_step_left_is_an_empty_pass(digits: Split) -> None:
    batches = run(digits)
    loader = Loader(batches, columns=VISITS)
    loader.load_state_dict({**batches.state_dict(), "epoch": 2, "start": SAMPLES})
    assert [indices(loader) for _ in range(2)] == [[], steps(3)]


def test_another_loader_of_the_stream_must_name_the_epoch(digits: Split) -> None:
    loader = Loader(run(digits), columns=VISITS)
    with pytest.raises(RuntimeError, match="Call set_epoch"):
        next(iter(load(loader.dataset)))
    loader.set_epoch(4)
    assert indices(load(loader.dataset)) == steps(4)


def test_an_option_that_the_loader_cannot_honour_is_refused(digits: Split) -> None:
    with pytest.raises(ValueError, match="shuffle"):
        Loader(run(digits), shuffle=True)


def test_a_map_style_dataset_takes_any_sampler(digits: Split) -> None:
    samples = Samples(digits)
    assert len(samples) == SAMPLES
    x, y = samples[5]
    assert (x.shape, int(y)) == ((1, 8, 8), int(digits.labels[5]))
    for index in (-1, SAMPLES):
        with pytest.raises(IndexError, match="0 to 1796"):
            samples[index]
    sampler = DistributedSampler(samples, num_replicas=2, rank=1, shuffle=True, seed=4)
    batches = DataLoader(samples, batch_size=50, sampler=sampler, num_workers=2)
    visited = [label for _, labels in batches for label in labels.tolist()]
    assert visited == digits.labels[list(sampler)].tolist()


def test_an_order_sampler_takes_single_samples_in_order(digits: Split) -> None:
    sampler = OrderSampler(run(digits))
    assert len(sampler) == SAMPLES
    assert [list(sampler) for _ in range(2)] == [order(0), order(1)]
    sampler.set_epoch(5)
    batches = DataLoader(Samples(digits), batch_size=BATCH_SIZE, sampler=sampler, num_workers=2)
    visited = [label for _, labels in batches for label in labels.tolist()]
    assert visited == digits.labels[order(5)].tolist()


@pytest.mark.parametrize("more", [{"world_size": 2}, {"start": 100}, {"tail": "drop"}])
def test_an_order_sampler_refuses_a_part_of_an_epoch(digits: Split, more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="leave out rank, world_size, start and tail"):
        OrderSampler(run(digits, **more))
