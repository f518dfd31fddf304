"""The law that every framework must keep: what a run visits, computed from order v1 alone."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from digits_client import Batches, Split
from digits_client.order import order_v1

SAMPLES = 1797
"""Samples of the digits."""

SEED = 3
"""Of all runs."""

BATCH_SIZE = 100
"""Rows of a step."""

STEPS = 18
"""Steps of an epoch; the last one has 97 rows."""

VISITS = ("x", "y", "index")
"""Columns with which a visit can be recognised."""


def work(_: int) -> None:
    """Do nothing, in each worker; a Loader starts workers only for a function of its caller."""


def workers_for(count: int) -> dict[str, Any]:
    """Return options of a Loader with so many workers, which it really starts."""
    return {"num_workers": count, "worker_init_fn": work}


def run(split: Split, batch_size: int = BATCH_SIZE, **more: Any) -> Batches:
    """Return the run of all tests."""
    return split.batches(batch_size, seed=SEED, layout="chw", scale="unit", **more)


def order(*epochs: int) -> list[int]:
    """Return the samples of whole epochs, one after the other."""
    return [int(index) for epoch in epochs for index in order_v1(SAMPLES, seed=SEED, epoch=epoch)]


def steps(*epochs: int, batch_size: int = BATCH_SIZE) -> list[list[int]]:
    """Return the samples of whole epochs, step by step."""
    return [
        whole[first : first + batch_size]
        for whole in (order(epoch) for epoch in epochs)
        for first in range(0, SAMPLES, batch_size)
    ]


def rank_steps(rank: int, world_size: int, *epochs: int, batch_size: int = BATCH_SIZE) -> list[list[int]]:
    """Return what one of several ranks visits, step by step."""
    return [step[rank::world_size] for step in steps(*epochs, batch_size=batch_size * world_size)]


def indices(batches: Iterable[Any]) -> list[list[int]]:
    """Return the samples of batches `(x, y, index)`."""
    return [np.asarray(batch[2]).tolist() for batch in batches]


def join(batches: Iterable[list[int]]) -> list[int]:
    """Return the samples of several batches as one list."""
    return [index for batch in batches for index in batch]
