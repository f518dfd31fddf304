"""torchdata's StatefulDataLoader keeps and restores the position of a stream itself."""

from typing import Any

import pytest
from torchdata.stateful_dataloader import StatefulDataLoader

from digits_client import Split, StateMismatch
from digits_client.torch import Stream
from tests.frameworks.law import VISITS, indices, run, steps

pytestmark = pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")  # torchdata calls it


def load(split: Split, workers: int, **more: Any) -> tuple[Stream, Any]:
    stream = Stream(run(split, **more), columns=VISITS)
    return stream, StatefulDataLoader(stream, batch_size=None, num_workers=workers)


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("taken", [1, 7, 17, 18])
def test_a_run_continues_within_an_epoch(digits: Split, workers: int, taken: int) -> None:
    stream, before = load(digits, workers)
    stream.set_epoch(2)
    reading = iter(before)
    visited = indices(next(reading) for _ in range(taken))
    state = before.state_dict()
    del reading, before

    stream, after = load(digits, workers)
    after.load_state_dict(state)
    for epoch in range(2, 4):
        stream.set_epoch(epoch)
        visited += indices(after)
    assert visited == steps(2, 3)


def test_without_workers_epochs_follow_one_another(digits: Split) -> None:
    _, before = load(digits, 0)
    reading = iter(before)
    visited = indices(next(reading) for _ in range(5))
    _, after = load(digits, 0)
    after.load_state_dict(before.state_dict())
    for _ in range(3):
        visited += indices(after)
    assert visited == steps(0, 1, 2)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_has_ended_an_epoch_continues_with_the_next(digits: Split, workers: int) -> None:
    _, before = load(digits, workers, epoch=2)
    assert indices(before) == steps(2)
    stream, after = load(digits, workers)
    after.load_state_dict(before.state_dict())
    for epoch in (3, 4):
        stream.set_epoch(epoch)
        assert indices(after) == steps(epoch)


def test_the_state_of_another_worker_is_refused(digits: Split) -> None:
    stream = Stream(run(digits))
    iterator = iter(stream)
    next(iterator)
    state = iterator.state_dict()
    with pytest.raises(StateMismatch, match="worker 0 of 2, not to 0 of 1"):
        iter(stream).load_state_dict({**state, "workers": 2})
    with pytest.raises(StateMismatch, match="seed 4 instead of 3"):
        iter(stream).load_state_dict({**state, "seed": 4})
