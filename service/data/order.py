"""Order v1: the published permutation of an epoch. Depends on (n, seed, epoch) and nothing else, for ever."""

from threading import Condition

import numpy as np
from cachetools import LRUCache, cached
from numpy.typing import NDArray

GOLDEN = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: the increment of splitmix64."""

MASK = 0xFFFF_FFFF_FFFF_FFFF
"""Arithmetic is modulo 2^64."""

Key = tuple[int, int, int]
"""Number of samples, seed, epoch."""

STORE_BYTES = 16_000_000
"""Bytes of orders that are stored: 33 of 60,000 samples."""

NANOSECONDS = 25.0
"""Measured time to order a sample, of 60,000, where numpy sorts by AVX2; by AVX-512 it takes 16."""

BLOCK = 16_384
"""Keys that are drawn at once: they stay in a fast cache of a processor."""

_store: LRUCache[Key, NDArray[np.int64]] = LRUCache(STORE_BYTES, getsizeof=lambda order: order.nbytes + 256)
_condition = Condition()


def _key(n: int, *, seed: int, epoch: int = 0) -> Key:
    return n, seed, epoch


@cached(_store, key=_key, condition=_condition)
def order_v1(n: int, *, seed: int, epoch: int = 0) -> NDArray[np.int64]:
    """The order in which an epoch visits `n` samples.

    The keys `mix(s + (i + 1)·GOLDEN)` are the outputs of splitmix64 started at `s`, which seed and epoch determine;
    all are distinct, because `mix` is a bijection. The order is their argsort. The last orders are stored, because
    every batch of an epoch needs the same one; concurrent calls for one order compute it once.

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
    order = _argsort(_draw(start, n))
    order.flags.writeable = False
    return order


def order_cost(n: int, *, seed: int, epoch: int = 0) -> float:
    """Estimated milliseconds that `order_v1` takes: 0 if the order is stored."""
    with _condition:
        stored = _key(n, seed=seed, epoch=epoch) in _store
    return 0.0 if stored else n * NANOSECONDS / 1e6


def _mix(z: int) -> int:
    """splitmix64's finaliser of one unsigned 64-bit integer."""
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31


def _draw(start: int, n: int) -> NDArray[np.uint64]:
    """The first `n` outputs of splitmix64 started at `start`: `mix(start + (i + 1)·GOLDEN)`, modulo 2^64."""
    keys = np.arange(1, n + 1, dtype=np.uint64)
    spare = np.empty(min(BLOCK, n), np.uint64)
    for first in range(0, n, BLOCK):
        z = keys[first : first + BLOCK]  # all arithmetic is in place: only that of arrays wraps without a warning
        shifted = spare[: len(z)]
        z *= np.uint64(GOLDEN)
        z += np.uint64(start)
        z ^= np.right_shift(z, np.uint64(30), out=shifted)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= np.right_shift(z, np.uint64(27), out=shifted)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= np.right_shift(z, np.uint64(31), out=shifted)
    return keys


def _argsort(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The positions of distinct keys in ascending order of the keys.

    The upper bits of a key and its position are sorted as one integer, which takes a third less time than to sort
    positions. If keys have the same upper bits (of 60,000 keys once in 150,000 times), the positions are sorted.
    """
    low = np.uint64((1 << len(keys).bit_length()) - 1)
    packed = keys & ~low
    packed |= np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    if (packed[1:] ^ packed[:-1] <= low).any():
        return np.argsort(keys)
    packed &= low
    return packed.view(np.int64)
