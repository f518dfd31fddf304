"""Grain, the data loader of JAX: epochs, states, several ranks, and a step of training by JAX itself."""

import json
from typing import Any

import grain
import jax
import jax.numpy as jnp
import pytest
from absl import flags

from digits_client import Split, StateMismatch
from digits_client.grain import BatchesDataset
from tests.frameworks.law import STEPS, VISITS, indices, join, order, rank_steps, run, steps


def dataset(split: Split, batch_size: int = 100, *, epochs: int | None = None, **more: Any) -> Any:
    return BatchesDataset(run(split, batch_size, **more), columns=VISITS, epochs=epochs)


def take(iterator: Any, number: int) -> list[list[int]]:
    return indices(next(iterator) for _ in range(number))


def test_epochs_follow_one_another(digits: Split) -> None:
    assert indices(dataset(digits, epochs=3)) == steps(0, 1, 2)
    assert take(iter(dataset(digits, epoch=5)), 2 * STEPS) == steps(5, 6)


@pytest.mark.parametrize("taken", [0, 1, 17, 18, 19, 40])
def test_an_iterator_continues_anywhere(digits: Split, taken: int) -> None:
    before = iter(dataset(digits, epochs=3))
    visited = take(before, taken)
    state = json.loads(json.dumps(before.get_state()))
    after = iter(dataset(digits, epochs=3))
    next(after)
    after.set_state(state)
    assert visited + indices(after) == steps(0, 1, 2)


@pytest.mark.parametrize("taken", [1, 18, 25])
def test_transformations_and_prefetching_threads_leave_the_state_exact(digits: Split, taken: int) -> None:
    def make() -> Any:
        pipeline = dataset(digits, epochs=2).map(lambda batch: (batch[0] * 2, batch[1], batch[2]))
        return iter(grain.experimental.ThreadPrefetchIterDataset(pipeline, prefetch_buffer_size=4))

    before = make()
    visited = take(before, taken)
    after = make()
    after.set_state(before.get_state())
    assert visited + indices(after) == steps(0, 1)


def test_a_run_continues_on_another_number_of_ranks(digits: Split) -> None:
    ranks = [iter(dataset(digits, 50, rank=rank, world_size=2, epochs=2)) for rank in range(2)]
    assert [take(rank, 5) for rank in ranks] == [rank_steps(rank, 2, 0, batch_size=50)[:5] for rank in range(2)]
    one = iter(dataset(digits, 70, epochs=2))
    one.set_state(ranks[1].get_state())
    assert join(indices(one)) == order(0)[500:] + order(1)


def test_a_state_of_another_run_is_refused(digits: Split) -> None:
    iterator = iter(dataset(digits))
    with pytest.raises(StateMismatch, match="seed 4 instead of 3"):
        iterator.set_state({**iterator.get_state(), "seed": 4})


def test_prefetching_processes_are_refused(digits: Split) -> None:
    flags.FLAGS.mark_as_parsed()  # as programs do that absl runs
    options = grain.MultiprocessingOptions(num_workers=2)
    with pytest.raises(ValueError, match="leave out mp_prefetch"):
        next(iter(dataset(digits).mp_prefetch(options)))


def test_padding_is_never_taken_for_samples(digits: Split) -> None:
    with pytest.raises(ValueError, match='add the column "valid"'):
        dataset(digits, tail="pad")


def test_an_epoch_without_a_batch_is_refused(digits: Split) -> None:
    with pytest.raises(ValueError, match="smaller batch_size"):
        dataset(digits, 2_000, tail="drop")


def test_jax_trains_on_it(digits: Split) -> None:
    def loss(weights: Any, x: Any, y: Any) -> Any:
        return -jnp.mean(jax.nn.log_softmax(x.reshape(len(x), -1) @ weights)[jnp.arange(len(y)), y])

    losses: list[float] = []
    step, weights = jax.jit(jax.value_and_grad(loss)), jnp.zeros((64, 10))
    for x, y, _ in dataset(digits, epochs=3):
        value, slope = step(weights, x, y)
        weights, losses = weights - 0.5 * slope, [*losses, float(value)]
    assert len(losses) == 3 * STEPS
    assert losses[0] == pytest.approx(2.3026, abs=1e-3)
    assert losses[-1] < 0.8
