"""Order v1: the published permutation of an epoch, computed here as well, so that answers can be checked against it."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

GOLDEN = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: the increment of splitmix64."""

MASK = 0xFFFF_FFFF_FFFF_FFFF
"""Arithmetic is modulo 2^64."""


@lru_cache(maxsize=4)
def order_v1(n: int, *, seed: int = 0, epoch: int = 0) -> NDArray[np.int64]:
    """Return the order in which an epoch visits `n` samples.

    Args:
        n: number of samples, at least 0.
        seed: 0…2^64-1.
        epoch: 0…2^32-1.

    Returns:
        int64 `(n,)`, read-only, a permutation of 0…n-1: the argsort of the keys `mix(s + (i + 1)·GOLDEN)` with
        `s = mix(mix(seed + GOLDEN) ^ (epoch + GOLDEN))`.

    Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014 (splitmix64's finaliser).
    """
    state = _mix((seed + GOLDEN) & MASK)
    state = _mix(state ^ ((epoch + GOLDEN) & MASK))
    keys = np.arange(1, n + 1, dtype=np.uint64)
    keys *= np.uint64(GOLDEN)
    keys += np.uint64(state)
    keys ^= keys >> np.uint64(30)
    keys *= np.uint64(0xBF58476D1CE4E5B9)
    keys ^= keys >> np.uint64(27)
    keys *= np.uint64(0x94D049BB133111EB)
    keys ^= keys >> np.uint64(31)
    order = np.argsort(keys)
    order.flags.writeable = False
    return order


def _mix(z: int) -> int:
    """Return splitmix64's finaliser of an unsigned 64-bit integer."""
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31
