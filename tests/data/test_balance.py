"""The balanced order: what the specification says of it, for any classes and any order."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.data.balance import balance
from service.data.class_counts import count_balanced
from service.data.order import order_v1
from tests.test_order_page import REFERENCE, read_table

labellings = st.lists(st.integers(0, 5), max_size=60).map(lambda labels: np.array(labels, np.int64))
seeds = st.integers(0, 2**64 - 1)


def shuffle(labels: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """An order of samples with these labels, and the balanced one."""
    order = order_v1(len(labels), seed=seed)
    return order, balance(order, labels[order])


@given(labellings, seeds)
def test_it_is_the_balanced_order_of_the_specification(labels: NDArray[np.int64], seed: int) -> None:
    order, balanced = shuffle(labels, seed)
    assert balanced.dtype == np.int64
    assert balanced.tolist() == REFERENCE["balance"](order.tolist(), labels.tolist())


@given(labellings, seeds)
def test_no_sample_comes_twice_and_every_class_comes_as_often_as_the_smallest_has_samples(
    labels: NDArray[np.int64], seed: int
) -> None:
    order, balanced = shuffle(labels, seed)
    counts = np.bincount(labels, minlength=6)
    assert len(balanced) == count_balanced(counts) == len(set(balanced.tolist()))
    for label in np.flatnonzero(counts):
        mine = balanced[labels[balanced] == label]
        assert len(mine) == counts[counts > 0].min()
        assert set(mine) <= set(order[labels[order] == label][: len(mine)])


@given(labellings, seeds)
def test_each_run_of_as_many_entries_as_classes_has_every_class_once(labels: NDArray[np.int64], seed: int) -> None:
    _, balanced = shuffle(labels, seed)
    present = sorted(set(labels.tolist()))
    for first in range(0, len(balanced), max(1, len(present))):
        assert sorted(labels[balanced[first : first + len(present)]].tolist()) == present


def measure_spread(*, classes: int, size: int, world_size: int, offset: int = 0) -> int:
    """How much the numbers of two classes differ at most, in the batch of `size` rows that any rank gets in any step.

    Steps begin at `offset`, and then at each multiple of the global batch; classes repeat after their number squared.
    """
    labels = np.repeat(np.arange(classes), (2 * classes**2 + size * world_size) // classes + 1)
    order = np.arange(len(labels))
    turns = labels[balance(order, labels[order])]
    starts = {(offset + step * size * world_size) % classes**2 for step in range(classes**2)}
    batches = (
        turns[start + rank : start + size * world_size : world_size] for start in starts for rank in range(world_size)
    )
    return max(int(np.ptp(np.bincount(batch, minlength=classes))) for batch in batches)


@pytest.mark.parametrize("classes", [1, 2, 3, 4, 7, 10])
def test_a_global_batch_is_as_balanced_as_its_size_and_place_allow(classes: int) -> None:
    for size in range(1, 3 * classes + 1):
        for start in range(0, classes**2, classes):  # one global batch from a multiple on
            labels = np.repeat(np.arange(classes), classes + 3 * classes)
            turns = labels[balance(np.arange(len(labels)), labels)]
            found = int(np.ptp(np.bincount(turns[start : start + size], minlength=classes)))
            assert found == (0 if size % classes == 0 else 1)
        for offset in range(classes):
            assert measure_spread(classes=classes, size=size, world_size=1, offset=offset) <= 2


@pytest.mark.parametrize("classes", [1, 2, 3, 4, 6, 7, 10, 12])
def test_a_rank_gets_every_class_equally_often_if_the_number_of_ranks_divides_that_of_classes(classes: int) -> None:
    for world_size in (number for number in range(1, classes + 1) if classes % number == 0):
        for factor in (1, 2, 3):
            assert measure_spread(classes=classes, size=factor * classes, world_size=world_size) == 0
        for size, offset in product(range(1, 2 * classes + 1), range(classes)):
            assert measure_spread(classes=classes, size=size, world_size=world_size, offset=offset) <= 2


@pytest.mark.parametrize(("world_size", "spread"), read_table("Balance of ranks"))
def test_other_ranks_are_as_balanced_as_the_page_says(world_size: str, spread: str) -> None:
    assert measure_spread(classes=10, size=64, world_size=int(world_size)) == int(spread)
