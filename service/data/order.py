"""Order v1: the published permutation of an epoch. Depends on (n, seed, epoch) and nothing else, for ever."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

GOLDEN = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: the increment of splitmix64."""

MASK = 0xFFFF_FFFF_FFFF_FFFF
"""Arithmetic is modulo 2^64."""


@lru_cache(maxsize=16)
def order_v1(n: int, *, seed: int, epoch: int = 0) -> NDArray[np.int64]:
    """The order in which an epoch visits `n` samples.

    The keys `mix(s + (i + 1)·GOLDEN)` are the outputs of splitmix64 started at `s`, which seed and epoch determine;
    all are distinct, because `mix` is a bijection. The order is their argsort. The last few orders are kept, since
    every batch of an epoch needs the same one (480 kB for 60,000 samples).

    Args:
        n: number of samples, ≥ 0.
        seed: 0…2^64-1.
        epoch: 0…2^32-1.

    Returns:
        int64 `(n,)`, read-only, a permutation of 0…n-1.

    Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014 (splitmix64's finaliser).
    """
    start = _mix((seed + GOLDEN) & MASK)
    start = _mix(start ^ (epoch + GOLDEN) & MASK)
    keys = np.arange(1, n + 1, dtype=np.uint64)
    keys *= np.uint64(GOLDEN)
    keys += np.uint64(start)
    _mix_in_place(keys)
    order = np.argsort(keys)
    order.flags.writeable = False
    return order


def _mix(z: int) -> int:
    """splitmix64's finaliser of one unsigned 64-bit integer."""
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31


def _mix_in_place(z: NDArray[np.uint64]) -> None:
    """splitmix64's finaliser of a whole array; numpy's unsigned arithmetic wraps as the definition wants."""
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
