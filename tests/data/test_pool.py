import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data import pool as pool_module
from service.data.dataset import Dataset
from service.data.pool import choose_pool, pool_cost
from service.data.selection import Selection
from service.data.subset import Subset
from tests import made

seeds = st.integers(0, 2**64 - 1)


def indices(selection: Selection) -> list[int]:
    return list(map(int, selection.indices))


@given(made.datasets(), st.lists(st.integers(0, 3), min_size=1), seeds)
def test_a_pool_is_in_file_order_whatever_the_seed(data: Dataset, labels: list[int], seed: int) -> None:
    split = data.split("train")
    pool = choose_pool(split, Subset(labels=tuple(labels), seed=seed))
    assert indices(pool) == indices(Selection.of(split).labelled(labels))


def test_the_seed_does_not_change_a_pool_of_everything_or_of_a_range(tiny: Dataset) -> None:
    split = tiny.split("train")
    assert choose_pool(split, Subset(seed=4)).indices == range(made.TRAIN)
    assert choose_pool(split, Subset(seed=4, span=range(3, 9))).indices == range(3, 9)


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_another_seed_is_another_subset_of_the_real_datasets(real: dict[str, Dataset], name: str) -> None:
    split = real[name].split("all")
    chosen = [
        tuple(indices(choose_pool(split, Subset(fold=1, folds=5, part="holdout", per_class=7, seed=seed))))
        for seed in range(20)
    ]
    assert len(set(chosen)) == 20
    assert all(len(one) == 70 and list(one) == sorted(one) for one in chosen)


def test_a_pool_of_one_seed_serves_all_epochs_that_the_seed_does_not_decide(tiny: Dataset) -> None:
    split = tiny.split("train")
    assert choose_pool(split, Subset(labels=(1,), seed=1)) is choose_pool(split, Subset(labels=(1,), seed=2))
    assert choose_pool(split, Subset(per_class=1, seed=1)) is not choose_pool(split, Subset(per_class=1, seed=2))


def test_pools_of_different_ranges_are_different_pools(tiny: Dataset) -> None:
    split = tiny.split("train")
    pools = [choose_pool(split, Subset(span=range(start, 20), labels=(0, 1))) for start in (0, 10, 0)]
    assert pools[0] is pools[2]
    assert set(indices(pools[0])) > set(indices(pools[1]))


def test_a_stored_pool_costs_nothing_and_cannot_be_written() -> None:
    split, subset = made.source().load().split("all"), Subset(fold=0, folds=2, seed=77)
    assert pool_cost(split, subset) > 0
    pool = choose_pool(split, subset)
    assert pool_cost(split, subset) == 0
    assert isinstance(pool.indices, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        pool.indices[0] = 1


def test_stored_pools_are_bounded_in_bytes(real: dict[str, Dataset]) -> None:
    split = real["mnist"].split("all")
    for seed in range(40):
        choose_pool(split, Subset(fold=0, folds=2, seed=seed))
    assert pool_module._store.currsize <= pool_module.STORE_BYTES
    assert sum(getattr(pool.indices, "nbytes", 0) for pool in pool_module._store.values()) <= pool_module.STORE_BYTES
