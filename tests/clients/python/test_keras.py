"""The adapter for Keras, where there is one, with whatever backend it has."""

import os
from typing import Any

import numpy as np
import pytest

from digits_client import Batches, Split, StateMismatch
from service.data.order import order_v1
from tests.clients.python.test_prefetch import wait_for_threads

pytestmark = pytest.mark.heavy
pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

STEPS = 9
"""Steps of an epoch of the digits in batches of 200."""


def train(steps: Any, *, built: bool = True, **options: Any) -> list[int]:  # noqa: ANN401 - the library has no types here
    """The labels of all samples on which a model is really trained, in their order."""
    seen: list[int] = []

    class Recorder(keras.Sequential):  # type: ignore[name-defined,misc]
        def train_step(self, data: Any) -> dict[str, float]:  # noqa: ANN401
            seen.extend(np.asarray(data[1]).tolist())
            return {}

    model = Recorder([keras.layers.Input((64,))] * built + [keras.layers.Dense(10)])
    model.compile("adam", loss="sparse_categorical_crossentropy")
    model.fit(steps, shuffle=False, verbose=0, **options)
    return seen


def run(split: Split, **more: Any) -> Batches:  # noqa: ANN401
    return split.batches(200, seed=1, layout="flat", scale="unit", **more)


def expected(split: Split, *epochs: int) -> list[int]:
    """The labels of whole epochs."""
    return [int(split.labels[index]) for epoch in epochs for index in order_v1(len(split), seed=1, epoch=epoch)]


@pytest.mark.parametrize("built", [False, True])
def test_fit_visits_one_epoch_after_the_other(all_digits: Split, built: bool) -> None:
    from digits_client.keras import Steps  # noqa: PLC0415

    batches = run(all_digits)
    steps = Steps(batches)
    assert len(steps) == STEPS
    assert train(steps, built=built, epochs=3) == expected(all_digits, 0, 1, 2)
    assert batches.state_dict()["epoch"] == 3
    assert train(steps, epochs=1) == expected(all_digits, 3)
    assert batches.state_dict()["epoch"] == 4
    wait_for_threads()


@pytest.mark.parametrize("built", [False, True])
def test_a_resumed_run_visits_every_later_epoch_whole(all_digits: Split, built: bool) -> None:
    from digits_client.keras import Steps  # noqa: PLC0415

    steps = Steps(run(all_digits))
    steps.load_state_dict({**steps.state_dict(), "epoch": 2, "start": 800})
    seen = train(steps, built=built, epochs=3)
    assert len(seen) > 3 * 1797 - 200
    assert seen == expected(all_digits, 2, 3, 4, 5)[800:][: len(seen)]
    assert steps.state_dict()["epoch"] == 5
    assert steps.state_dict()["start"] == 800
    with pytest.raises(StateMismatch, match="seed 2"):
        steps.load_state_dict({**steps.state_dict(), "seed": 2})


@pytest.mark.parametrize("built", [False, True])
def test_passes_of_fewer_steps_do_not_mix_epochs(all_digits: Split, built: bool) -> None:
    from digits_client.keras import Steps  # noqa: PLC0415

    steps = Steps(run(all_digits), endless=True)
    seen = train(steps, built=built, epochs=6, steps_per_epoch=4)
    assert len(seen) == 2 * 1797 + 6 * 200
    steps.load_state_dict(steps.state_dict())
    seen += train(steps, epochs=3, steps_per_epoch=4)
    assert seen == expected(all_digits, 0, 1, 2, 3)[: len(seen)]
    assert (steps.state_dict()["epoch"], steps.state_dict()["start"]) == (4, 0)


def test_passes_of_fewer_steps_of_a_run_with_a_length_do_not_mix_epochs(all_digits: Split) -> None:
    from digits_client.keras import Steps  # noqa: PLC0415

    steps = Steps(run(all_digits))
    seen = train(steps, epochs=2, steps_per_epoch=4)
    assert seen == expected(all_digits, 0)[:1600]
    assert steps.state_dict()["start"] == 1600
    steps.load_state_dict(steps.state_dict())
    seen += train(steps, epochs=1)
    assert len(seen) == 1600 + 197 + 8 * 200
    assert seen == expected(all_digits, 0, 1)[: len(seen)]


def test_a_step_is_the_batch(all_digits: Split) -> None:
    from digits_client.keras import Steps  # noqa: PLC0415

    steps = Steps(all_digits.batches(200, seed=1, layout="hwc", start=400))
    batches = list(all_digits.batches(200, seed=1, layout="hwc", start=400))
    assert len(batches) == 7
    for number in (0, 1, 2, 5, 6, 3):
        x, y = steps[number]
        assert x.shape == (len(batches[number]), 8, 8, 1)
        assert y.tolist() == batches[number].y.tolist()
    assert steps[7][1].tolist() == next(iter(all_digits.batches(200, seed=1, epoch=1))).y.tolist()
