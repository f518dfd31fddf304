"""Keras 3 on the backend that KERAS_BACKEND names: epochs, shorter passes, resuming anywhere, and padding."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from digits_client import Batches, Split, StateMismatch
from digits_client.keras import RunCallback, Steps
from digits_client.order import order_v1
from tests.frameworks.law import SAMPLES, SEED, join

pytestmark = [
    # Keras' PyTorch backend converts tensors in a way that NumPy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

LENGTH = 9
"""Steps of an epoch of the digits in batches of 200."""


class InterruptedFitError(Exception):
    """Ends a fit, as a killed process does."""


class Recorder(keras.Sequential):
    """A model that notes the labels on which it is trained."""

    def train_step(self, *arguments: Any) -> Any:
        if len(self.visited) == self.interrupt_after:
            raise InterruptedFitError
        self.visited.append(np.asarray(arguments[-1][1]).tolist())
        return super().train_step(*arguments)


def build(*, built: bool = True, interrupt_after: int | None = None) -> Any:
    model = Recorder([keras.layers.Input((64,))] * built + [keras.layers.Dense(10)])
    model.visited = []
    model.interrupt_after = interrupt_after
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01), loss, run_eagerly=True)
    return model


def fit(steps: Steps, *, model: Any = None, built: bool = True, **options: Any) -> list[int]:
    """Train, and return the labels of all samples on which the model was trained, in their order."""
    model = build(built=built) if model is None else model
    model.fit(steps, shuffle=False, verbose=0, **options)
    return join(model.visited)


def run(split: Split, **more: Any) -> Batches:
    return split.batches(200, seed=SEED, layout="flat", scale="unit", **more)


def expected(split: Split, *epochs: int) -> list[int]:
    """Return the labels of whole epochs."""
    return [int(split.labels[index]) for epoch in epochs for index in order_v1(SAMPLES, seed=SEED, epoch=epoch)]


OpenSteps = Callable[..., Steps]
"""Makes the steps of a run."""


@pytest.fixture
def open_steps() -> Iterator[OpenSteps]:
    """Make steps whose connections are closed when the test has ended, even where a fit was interrupted."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(closing(Steps(*arguments, **options)))


@pytest.mark.parametrize("built", [False, True])
def test_fit_visits_one_epoch_after_the_other(digits: Split, built: bool) -> None:
    batches = run(digits)
    steps = Steps(batches)
    assert len(steps) == LENGTH
    assert fit(steps, built=built, epochs=3) == expected(digits, 0, 1, 2)
    assert batches.state_dict()["epoch"] == 3
    assert fit(steps, epochs=1) == expected(digits, 3)
    assert batches.state_dict()["epoch"] == 4


@pytest.mark.parametrize("built", [False, True])
def test_a_resumed_run_visits_every_later_epoch_whole(digits: Split, open_steps: OpenSteps, built: bool) -> None:
    steps = open_steps(run(digits))
    steps.load_state_dict({**steps.state_dict(), "epoch": 2, "start": 800})
    visited = fit(steps, built=built, epochs=3)
    assert len(visited) > 3 * SAMPLES - 200
    assert visited == expected(digits, 2, 3, 4, 5)[800:][: len(visited)]
    assert (steps.state_dict()["epoch"], steps.state_dict()["start"]) == (5, 800)
    with pytest.raises(StateMismatch, match="seed 2"):
        steps.load_state_dict({**steps.state_dict(), "seed": 2})


@pytest.mark.parametrize("built", [False, True])
def test_passes_of_fewer_steps_do_not_mix_epochs(digits: Split, open_steps: OpenSteps, built: bool) -> None:
    steps = open_steps(run(digits), endless=True)
    visited = fit(steps, built=built, epochs=6, steps_per_epoch=4, callbacks=[RunCallback(steps)])
    assert len(visited) == 2 * SAMPLES + 6 * 200
    assert (steps.state_dict()["epoch"], steps.state_dict()["start"]) == (2, 1200)
    visited += fit(steps, initial_epoch=6, epochs=9, steps_per_epoch=4, callbacks=[RunCallback(steps)])
    assert visited == expected(digits, 0, 1, 2, 3)


def test_passes_of_fewer_steps_of_a_run_with_a_length_do_not_mix_epochs(digits: Split, open_steps: OpenSteps) -> None:
    steps = open_steps(run(digits))
    visited = fit(steps, epochs=2, steps_per_epoch=4, callbacks=[RunCallback(steps)])
    assert visited == expected(digits, 0)[:1600]
    assert steps.state_dict()["start"] == 1600
    visited += fit(steps, epochs=1)
    assert len(visited) == SAMPLES + 8 * 200
    assert visited == expected(digits, 0, 1)[: len(visited)]


@pytest.mark.parametrize("taken", [1, 8, 9, 10, 22])
@pytest.mark.parametrize("built", [False, True])
def test_a_run_continues_from_the_state_of_an_interrupted_fit(
    digits: Split, open_steps: OpenSteps, built: bool, taken: int
) -> None:
    steps = open_steps(run(digits))
    model = build(built=built, interrupt_after=taken)
    with pytest.raises(InterruptedFitError):
        fit(steps, model=model, epochs=3, callbacks=[RunCallback(steps)])
    state = steps.state_dict()
    steps = open_steps(run(digits))
    steps.load_state_dict(state)
    visited = fit(steps, initial_epoch=state["epoch"], epochs=4, callbacks=[RunCallback(steps)])
    assert (
        join(model.visited) + visited == expected(digits, 0, 1, 2, 3, 4)[: sum(map(len, model.visited)) + len(visited)]
    )
    assert len(visited) >= SAMPLES


def test_initial_epoch_moves_the_run(digits: Split, open_steps: OpenSteps) -> None:
    steps = open_steps(run(digits))
    assert fit(steps, initial_epoch=2, epochs=4, callbacks=[RunCallback(steps)]) == expected(digits, 2, 3)
    endless = open_steps(run(digits), endless=True)
    options: dict[str, Any] = {
        "initial_epoch": 3,
        "epochs": 4,
        "steps_per_epoch": 4,
        "callbacks": [RunCallback(endless)],
    }
    assert fit(endless, **options) == (expected(digits, 1)[600:])[:800]


def test_an_initial_epoch_that_contradicts_the_run_is_refused(digits: Split, open_steps: OpenSteps) -> None:
    steps = open_steps(run(digits))
    steps.load_state_dict({**steps.state_dict(), "epoch": 2, "start": 800})
    with pytest.raises(ValueError, match="give initial_epoch=2 to fit"):
        fit(steps, epochs=3, callbacks=[RunCallback(steps)])


def test_backup_and_restore_moves_the_run(digits: Split, open_steps: OpenSteps, tmp_path: Path) -> None:
    def callbacks(steps: Steps) -> list[Any]:
        return [keras.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False), RunCallback(steps)]

    steps, model = open_steps(run(digits)), build(interrupt_after=2 * LENGTH + 3)
    with pytest.raises(InterruptedFitError):
        fit(steps, model=model, epochs=4, callbacks=callbacks(steps))
    whole = join(model.visited[: 2 * LENGTH])
    steps = open_steps(run(digits))
    assert whole + fit(steps, epochs=4, callbacks=callbacks(steps)) == expected(digits, 0, 1, 2, 3)


def test_a_run_continues_on_another_number_of_ranks(digits: Split, open_steps: OpenSteps) -> None:
    state = {**run(digits).state_dict(), "epoch": 1, "start": 800}
    parts = []
    for rank in range(2):
        steps = open_steps(digits.batches(100, seed=SEED, layout="flat", scale="unit", rank=rank, world_size=2))
        steps.load_state_dict(state)
        model = build()
        fit(steps, model=model, epochs=1)
        parts.append(model.visited)
    whole = [label for even, odd in zip(*parts, strict=True) for label in merge(even, odd)]
    assert whole == expected(digits, 1, 2)[800:][: len(whole)]
    assert len(whole) >= SAMPLES


def merge(even: list[int], odd: list[int]) -> list[int]:
    """Return the global batch of two ranks."""
    whole = [0] * (len(even) + len(odd))
    whole[::2], whole[1::2] = even, odd
    return whole


def test_padding_has_no_weight(digits: Split, open_steps: OpenSteps) -> None:
    steps = open_steps(run(digits, tail="pad"))
    x, y, weight = steps[LENGTH - 1]
    assert (len(x), len(y), weight.dtype.name, weight.tolist()) == (200, 200, "float32", [1.0] * 197 + [0.0] * 3)
    padded, partial = build(), build()
    partial.set_weights(padded.get_weights())
    fit(steps, model=padded, epochs=1)
    fit(open_steps(run(digits)), model=partial, epochs=1)
    for mine, its in zip(padded.get_weights(), partial.get_weights(), strict=True):
        assert np.allclose(mine, its, atol=3e-4)


def test_a_step_is_the_batch(digits: Split, open_steps: OpenSteps) -> None:
    steps = open_steps(digits.batches(200, seed=SEED, layout="hwc", start=400))
    batches = list(digits.batches(200, seed=SEED, layout="hwc", start=400))
    assert len(batches) == 7
    for number in (0, 1, 2, 5, 6, 3):
        x, y = steps[number]
        assert x.shape == (len(batches[number]), 8, 8, 1)
        assert y.tolist() == batches[number].y.tolist()
    assert steps[7][1].tolist() == next(iter(digits.batches(200, seed=SEED, epoch=1))).y.tolist()
