"""Order v1 as the client computes it, beside the service's, whose tests compare it with the specification."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import service.data.order as served
from digits_client import order


@given(st.integers(0, 2_000), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_client_and_service_compute_the_same_order(n: int, seed: int, epoch: int) -> None:
    computed = order.order_v1(n, seed=seed, epoch=epoch)
    assert computed.dtype == np.int64
    assert computed.tolist() == served.order_v1(n, seed=seed, epoch=epoch).tolist()


@pytest.mark.parametrize("n", [order.BLOCK - 1, order.BLOCK, order.BLOCK + 1, 60_000])
def test_orders_about_as_long_as_a_block_are_the_same(n: int) -> None:
    assert np.array_equal(order.order_v1(n, seed=5, epoch=1), served.order_v1(n, seed=5, epoch=1))


@given(st.lists(st.integers(0, 2**64 - 1), max_size=60, unique=True))
def test_keys_are_sorted_exactly(keys: list[int]) -> None:
    assert order._argsort(np.array(keys, np.uint64)).tolist() == sorted(range(len(keys)), key=keys.__getitem__)


def test_keys_that_differ_in_their_lowest_bits_only_are_told_apart() -> None:
    assert order._argsort(np.uint64(2**63) + np.array([3, 0, 2, 1], np.uint64)).tolist() == [1, 3, 2, 0]
