"""tf.data, by `from_generator`: epochs, several ranks, and states counted in the steps that were used."""

from collections.abc import Iterator
from typing import Any

import pytest
import tensorflow as tf

from digits_client import Batches, Split
from tests.frameworks.law import SAMPLES, STEPS, indices, join, order, rank_steps, run, steps


def to_dataset(batches: Batches) -> Any:
    """Return the passes of a run as a dataset that reads two steps ahead."""

    def read() -> Iterator[tuple[Any, Any, Any]]:
        for batch in batches:
            yield batch.x, batch.y, batch.index

    signature = (
        tf.TensorSpec((None, 1, 8, 8), tf.float32),
        tf.TensorSpec((None,), tf.int64),
        tf.TensorSpec((None,), tf.int64),
    )
    return tf.data.Dataset.from_generator(read, output_signature=signature).prefetch(2)


def test_each_pass_is_another_epoch(digits: Split) -> None:
    dataset = to_dataset(run(digits))
    assert [indices(dataset) for _ in range(3)] == [steps(epoch) for epoch in range(3)]


def test_repeat_gives_one_epoch_after_the_other(digits: Split) -> None:
    assert indices(to_dataset(run(digits)).repeat(2)) == steps(0, 1)


@pytest.mark.parametrize("taken", [1, 7, 17, 18])
def test_a_run_continues_after_the_steps_that_were_used(digits: Split, taken: int) -> None:
    batches = run(digits, epoch=2)
    visited = indices(to_dataset(batches).take(taken))
    start = min(SAMPLES, taken * batches.request.global_batch)
    state = batches.copy_at(2, start).state_dict()

    batches = run(digits)
    batches.load_state_dict(state)
    for epoch in range(state["epoch"], 4):
        batches.set_epoch(epoch)
        visited += indices(to_dataset(batches))
    assert visited == steps(2, 3)


def test_a_run_continues_on_another_number_of_ranks(digits: Split) -> None:
    ranks = [to_dataset(run(digits, 50, rank=rank, world_size=2)) for rank in range(2)]
    assert [indices(rank.take(5)) for rank in ranks] == [rank_steps(rank, 2, 0, batch_size=50)[:5] for rank in range(2)]
    batches = run(digits, 70)
    batches.load_state_dict(batches.copy_at(0, 5 * 100).state_dict())
    assert join(indices(to_dataset(batches))) == order(0)[500:]
    assert len(batches) == -(-SAMPLES // 70) > STEPS
