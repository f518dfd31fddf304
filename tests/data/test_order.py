from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.data import order
from service.data.order import order_cost, order_v1

sizes = st.integers(0, 300)
seeds = st.integers(0, 2**64 - 1)
epochs = st.integers(0, 2**32 - 1)


def mix(z: int) -> int:
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


def published(n: int, seed: int, epoch: int) -> list[int]:
    """Order v1 as its definition reads, in integers of any size."""
    c = 0x9E3779B97F4A7C15
    s = mix((seed + c) % 2**64)
    s = mix(s ^ (epoch + c) % 2**64)
    keys = [mix((s + (i + 1) * c) % 2**64) for i in range(n)]
    return sorted(range(n), key=keys.__getitem__)


@pytest.mark.parametrize(
    ("seed", "epoch", "expected"),
    [
        (0, 0, [2, 0, 7, 5, 4, 6, 1, 3, 8, 9]),
        (0, 1, [5, 3, 2, 9, 0, 4, 1, 7, 8, 6]),
        (1, 0, [3, 2, 6, 9, 0, 5, 4, 7, 1, 8]),
    ],
)
def test_the_published_vectors_come_out(seed: int, epoch: int, expected: list[int]) -> None:
    assert order_v1(10, seed=seed, epoch=epoch).tolist() == expected


@given(sizes, seeds, epochs)
def test_an_order_is_the_published_one_and_depends_on_nothing_else(n: int, seed: int, epoch: int) -> None:
    assert order_v1(n, seed=seed, epoch=epoch).tolist() == published(n, seed, epoch)


@given(sizes, seeds, epochs)
def test_an_order_is_a_permutation(n: int, seed: int, epoch: int) -> None:
    permutation = order_v1(n, seed=seed, epoch=epoch)
    assert permutation.dtype == np.int64
    assert np.array_equal(np.sort(permutation), np.arange(n))


@given(seeds, epochs)
def test_seed_and_epoch_are_not_added_up(seed: int, epoch: int) -> None:
    one = order_v1(100, seed=seed, epoch=epoch)
    other = order_v1(100, seed=(seed + 1) % 2**64, epoch=max(0, epoch - 1))
    assert not np.array_equal(one, other)


def test_a_large_order_is_a_permutation_that_leaves_almost_nothing_in_place() -> None:
    permutation = order_v1(60_000, seed=0)
    assert np.array_equal(np.sort(permutation), np.arange(60_000))
    assert np.count_nonzero(permutation == np.arange(60_000)) < 20  # one is expected
    assert abs(np.corrcoef(permutation, np.arange(60_000))[0, 1]) < 0.02


def test_a_kept_order_cannot_be_changed_by_whoever_got_it() -> None:
    permutation = order_v1(5, seed=3)
    with pytest.raises(ValueError, match="read-only"):
        permutation[0] = 0
    assert order_v1(5, seed=3) is permutation


def test_an_order_costs_nothing_once_it_is_stored() -> None:
    assert order_cost(60_000, seed=123_456) > 1
    order_v1(60_000, seed=123_456)
    assert order_cost(60_000, seed=123_456) == 0
    assert order_cost(60_000, seed=123_456, epoch=1) > 1


def test_stored_orders_are_bounded_in_bytes() -> None:
    for seed in range(40):
        order_v1(60_000, seed=seed)
    assert sum(one.nbytes for one in order._store.values()) <= order.STORE_BYTES
    assert order_cost(60_000, seed=39) == 0
    assert order_cost(60_000, seed=0) > 0


def test_threads_get_one_and_the_same_order() -> None:
    with ThreadPoolExecutor(8) as pool:
        orders = list(pool.map(lambda _: order_v1(30_000, seed=99), range(8)))
    assert all(one is orders[0] for one in orders)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=60, unique=True))
def test_keys_are_sorted_exactly(keys: list[int]) -> None:
    assert order._argsort(np.array(keys, np.uint64)).tolist() == sorted(range(len(keys)), key=keys.__getitem__)


@pytest.mark.parametrize("distance", [1, 2, 3, 4, 7, 8, 9])
def test_keys_that_differ_in_their_lowest_bits_only_are_told_apart(distance: int) -> None:
    keys = np.uint64(2**63) + np.uint64(distance) * np.array([3, 0, 2, 1], np.uint64)
    assert order._argsort(keys).tolist() == [1, 3, 2, 0]


def test_orders_longer_than_a_block_are_the_published_ones() -> None:
    n = 2 * order.BLOCK + 5
    assert order_v1(n, seed=7, epoch=3).tolist() == published(n, 7, 3)
