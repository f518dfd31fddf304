"""The adapter for Keras, where there is one, with whatever backend it has."""

import os
from typing import Any

import pytest

from digits_client import Split

pytestmark = pytest.mark.heavy
pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")


def model(*, built: bool) -> Any:  # noqa: ANN401 - the library has no types here
    layers = [keras.layers.Input((64,))] * built + [keras.layers.Dense(10)]
    made = keras.Sequential(layers)
    made.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("built", [False, True])
def test_fit_visits_one_epoch_after_the_other(all_digits: Split, workers: int, built: bool) -> None:
    from digits_client.keras import Steps  # noqa: PLC0415

    visited: list[tuple[int, int]] = []

    class Noted(Steps):
        def __getitem__(self, index: int) -> Any:  # noqa: ANN401
            visited.append((self.batches.epoch, index))
            return super().__getitem__(index)

    batches = all_digits.batches(200, seed=1, layout="flat", scale="unit")
    steps = Noted(batches, workers=workers)
    assert len(steps) == 9
    trained = model(built=built)
    trained.fit(steps, epochs=3, shuffle=False, verbose=0)
    assert set(visited) == {(epoch, step) for epoch in range(3) for step in range(9)}
    assert batches.epoch == 3
    trained.fit(steps, epochs=1, shuffle=False, verbose=0)
    assert batches.epoch == 4


def test_a_step_is_the_batch(all_digits: Split) -> None:
    from digits_client.keras import Steps  # noqa: PLC0415

    batches = all_digits.batches(200, seed=1, layout="hwc", start=400)
    steps = Steps(batches)
    expected = list(all_digits.batches(200, seed=1, layout="hwc", start=400))
    assert len(steps) == len(expected) == 7
    for number, batch in enumerate(expected):
        x, y = steps[number]
        assert x.shape == (len(batch), 8, 8, 1)
        assert y.tolist() == batch.y.tolist()
