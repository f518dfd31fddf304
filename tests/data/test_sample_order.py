import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data import sample_order as module
from service.data.dataset import Dataset
from service.data.order import order_v1
from service.data.sample_order import SampleOrder
from service.data.selection import Selection
from service.data.subset import Subset
from service.errors import Refused
from tests import made

seeds = st.integers(0, 2**64 - 1)


def indices(selection: Selection) -> list[int]:
    return list(map(int, selection.indices))


@given(
    data=made.datasets(),
    seed=seeds,
    number=st.integers(0, 9),
    shuffle=st.booleans(),
    balanced=st.booleans(),
    labels=st.lists(st.integers(0, 3), max_size=2),
)
def test_an_order_has_as_many_distinct_members_of_the_pool_as_were_counted(
    *, data: Dataset, seed: int, number: int, shuffle: bool, balanced: bool, labels: list[int]
) -> None:
    order = SampleOrder(
        split=data.split("all"),
        subset=Subset(labels=tuple(labels), seed=seed),
        seed=seed,
        number=number,
        shuffle=shuffle,
        balanced=balanced,
    )
    visited = indices(order.select())
    assert len(visited) == order.samples == len(set(visited))
    assert set(visited) <= set(indices(order.pool))
    if not balanced:
        pool = np.array(indices(order.pool), np.int64)
        assert visited == (pool[order_v1(len(pool), seed=seed, epoch=number)] if shuffle else pool).tolist()


def test_an_impossible_subset_is_refused_when_the_order_is_made(tiny: Dataset) -> None:
    split = tiny.split("train")
    for balanced in (False, True):
        with pytest.raises(Refused, match="label must be a class of made"):
            SampleOrder(split=split, subset=Subset(labels=(4,)), balanced=balanced)
        with pytest.raises(Refused, match="folds must be at most"):
            SampleOrder(split=split, subset=Subset(fold=0, folds=20), balanced=balanced)


def test_a_balanced_epoch_of_mnist_has_all_of_the_smallest_class_and_others_of_the_larger_ones(
    mnist: Dataset,
) -> None:
    split = mnist.split("train")
    first, second = (indices(SampleOrder(split=split, number=number, balanced=True).select()) for number in (0, 1))
    assert len(first) == len(second) == 54_210
    assert np.bincount(split.labels[first]).tolist() == [5_421] * 10
    both = set(first) & set(second)
    fives = np.flatnonzero(split.labels == 5).tolist()
    assert set(fives) <= both
    assert len(both) < 54_210


def test_without_shuffling_a_balanced_order_is_the_same_in_every_epoch_and_is_made_once(tiny: Dataset) -> None:
    split = tiny.split("train")
    orders = [SampleOrder(split=split, seed=number, number=number, shuffle=False, balanced=True) for number in (1, 2)]
    assert orders[0].positions is orders[1].positions
    assert indices(orders[0].select())[: len(made.CLASSES)] == [
        int(np.argmax(split.labels == label)) for label in range(len(made.CLASSES))
    ]


def test_balanced_orders_of_different_pools_are_not_taken_for_one_another(tiny: Dataset) -> None:
    split = tiny.split("train")
    subsets = [Subset(), Subset(span=range(3, 20)), Subset(labels=(0, 2)), Subset(per_class=1, seed=1)]
    subsets += [Subset(per_class=1, seed=2)]
    for subset in subsets * 2:
        order = SampleOrder(split=split, subset=subset, balanced=True)
        assert order.samples == len(order.positions)
        assert set(indices(order.select())) <= set(indices(order.pool))


def test_a_pool_of_no_sample_has_an_empty_balanced_order(tiny: Dataset) -> None:
    order = SampleOrder(split=tiny.split("test"), subset=Subset(labels=(3,)), balanced=True)
    assert (order.samples, indices(order.select())) == (0, [])


@pytest.mark.parametrize("balanced", [False, True])
def test_what_is_stored_costs_nothing_and_cannot_be_written(*, balanced: bool) -> None:
    order = SampleOrder(
        split=made.source().load().split("all"),
        subset=Subset(fold=0, folds=2, seed=77),
        seed=7_777,
        balanced=balanced,
    )
    assert order.cost() > 0
    positions = order.positions
    assert order.pool
    assert order.cost() == 0
    assert isinstance(positions, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        positions[0] = 1


def test_balancing_costs_more_than_shuffling(mnist: Dataset) -> None:
    split = mnist.split("train")
    plain, balanced = (SampleOrder(split=split, seed=424_242, balanced=balanced) for balanced in (False, True))
    assert balanced.cost() > plain.cost() > 0


def test_stored_balanced_orders_are_bounded_in_bytes(mnist: Dataset) -> None:
    for number in range(40):
        assert len(SampleOrder(split=mnist.split("train"), number=number, balanced=True).positions) == 54_210
    assert module._store.currsize <= module.STORE_BYTES
    assert sum(order.nbytes for order in module._store.values()) <= module.STORE_BYTES
