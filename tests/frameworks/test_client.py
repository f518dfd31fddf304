"""The client alone, with whatever versions of its dependencies: the same laws with the oldest and the newest."""

import pickle
from itertools import islice

import numpy as np
import pytest

from digits_client import Split, StateMismatch, connect, mix, sample_seeds
from digits_client.partitions import find_split, partition_by_rank
from tests.frameworks.law import SAMPLES, join, order, rank_steps, run, steps


def list_indices(batches: object) -> list[list[int]]:
    return [batch.index.tolist() for batch in batches]  # type: ignore[attr-defined]


def test_whole_arrays_are_verified_and_of_the_documented_types(url: str) -> None:
    with connect(url) as client:
        (x_train, y_train), (x_test, y_test) = client.load_data()
        bunch = client.load_digits()
    assert (x_train.shape, x_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert (x_train.dtype.name, y_train.dtype.name, len(y_test)) == ("uint8", "uint8", 10_000)
    assert (bunch["data"].shape, bunch["data"].dtype.name) == ((SAMPLES, 64), "float64")


@pytest.mark.parametrize("scale", ["raw", "unit", "standard"])
def test_values_are_those_of_the_arrays(digits: Split, scale: str) -> None:
    batch = next(iter(digits.batches(SAMPLES, seed=3, scale=scale)))  # type: ignore[arg-type]
    raw = digits.images[batch.index]
    mean, std = digits.intensities.mean, digits.intensities.std
    expected = {
        "raw": raw,
        "unit": raw.astype(np.float32) / np.float32(16),
        "standard": ((raw / 16 - mean) / std).astype(np.float32),
    }
    assert batch.x.tobytes() == expected[scale].tobytes()
    assert batch.y.tolist() == digits.labels[batch.index].tolist()


@pytest.mark.parametrize("taken", [0, 1, 7, 17, 18])
def test_a_run_continues_anywhere_and_on_another_number_of_ranks(digits: Split, taken: int) -> None:
    batches = run(digits)
    visited = list_indices(islice(batches, taken))
    state = pickle.loads(pickle.dumps(batches.state_dict()))  # noqa: S301 - our own
    ranks = [run(digits, 50, rank=rank, world_size=2) for rank in range(2)]
    for rank, mine in enumerate(ranks):
        mine.load_state_dict(state)
        rest = list_indices(mine)
        assert rest == rank_steps(rank, 2, state["epoch"], batch_size=50)[-(-state["start"] // 100) :]
    batches.load_state_dict(state)
    assert visited + list_indices(islice(batches.forever(), 36 - taken)) == steps(0, 1)
    batches.close()
    with pytest.raises(StateMismatch, match="seed 3 instead of 4"):
        digits.batches(100, seed=4).load_state_dict(state)


def test_workers_mixtures_partitions_and_samplers_visit_what_they_should(url: str, digits: Split) -> None:
    workers = [list_indices(run(digits).split_steps(worker, 3)) for worker in range(3)]
    assert sorted(join(join_all(workers))) == list(range(SAMPLES))
    with mix([run(digits), run(digits, 200)], [2, 1]) as mixture:
        assert [source for source, _ in islice(mixture, 6)] == [0, 1, 0, 0, 1, 0]
    partitions = partition_by_rank(find_split([url], dataset="digits", split="all"), 4, seed=3)
    assert sorted(join(join_all(list_indices(one.read()) for one in partitions))) == list(range(SAMPLES))
    assert list_indices(digits.take_batches([[5, 3, 3], [9]])) == [[5, 3, 3], [9]]
    assert sample_seeds(np.arange(3), seed=3, epoch=1).dtype.name == "uint64"
    assert digits.order(seed=3, epoch=2).tolist() == order(2)


def join_all(parts: object) -> list[list[int]]:
    """The batches of several readers as one list."""
    return [batch for part in parts for batch in part]  # type: ignore[attr-defined]
