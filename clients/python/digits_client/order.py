"""Order v1: the published permutation of an epoch, computed here as well, so that answers can be checked against it.

The seeds of samples come from the same arithmetic.
"""

import io
import operator
from functools import lru_cache
from tokenize import TokenError

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from digits_client.errors import UnexpectedAnswer

GOLDEN = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: the increment of splitmix64."""

MASK = 0xFFFF_FFFF_FFFF_FFFF
"""Arithmetic is modulo 2^64."""


SAMPLES = 0xD1B54A32D192ED03
"""2^64 divided by the solution of x^4 = x + 1 (the integer part): it separates the seeds of samples from the order."""

BLOCK = 16_384
"""Numbers that are drawn at once: they stay in a fast cache of a processor."""


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
    order = _argsort(_draw(_start(seed, epoch), np.arange(n, dtype=np.uint64)))
    order.flags.writeable = False
    return order


def sample_seeds(index: NDArray[np.int64], *, seed: int = 0, epoch: int = 0) -> NDArray[np.uint64]:
    """Return a seed for the random numbers of each sample, for augmentation that can be repeated.

    The seeds depend on nothing else, such as the batch size, the ranks, the workers or the place in the epoch.

    Args:
        index: integers of any shape, the positions of samples within the split, at least 0; such as `batch.index`.
        seed: 0…2^64-1.
        epoch: 0…2^32-1.

    Returns:
        uint64, of the same shape: `mix(mix(s ^ SAMPLES) + (index + 1)·GOLDEN)`, with `s` as for `order_v1`.

    Raises:
        TypeError: `seed` or `epoch` is no integer.
        ValueError: an index is no integer or is negative, or `seed` or `epoch` is out of range.

    Source: docs/order-v1.md, "The seed of a sample".
    """
    positions = np.asarray(index)
    if positions.dtype.kind not in "iu" or (positions < 0).any():
        raise ValueError("index must be integers of at least 0: the positions of samples within their split.")
    seed, epoch = operator.index(seed), operator.index(epoch)
    for name, value, bits in (("seed", seed, 64), ("epoch", epoch, 32)):
        if not 0 <= value < 1 << bits:
            raise ValueError(f"{name} must be from 0 to 2^{bits}-1, not {value}.")
    return _draw(_mix(_start(seed, epoch) ^ SAMPLES), positions.astype(np.uint64))


def _start(seed: int, epoch: int) -> int:
    """Return the state from which the numbers of an epoch are drawn."""
    return _mix(_mix((seed + GOLDEN) & MASK) ^ ((epoch + GOLDEN) & MASK))


def _draw(state: int, numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the numbers i as `mix(state + (i + 1)·GOLDEN)`, in place: outputs of splitmix64 started at `state`."""
    flat = numbers.reshape(-1)
    spare = np.empty(min(BLOCK, len(flat)), np.uint64)
    for start in range(0, len(flat), BLOCK):
        z = flat[start : start + BLOCK]  # all arithmetic is in place: only that of arrays wraps without a warning
        shifted = spare[: len(z)]
        z += np.uint64(1)
        z *= np.uint64(GOLDEN)
        z += np.uint64(state)
        z ^= np.right_shift(z, np.uint64(30), out=shifted)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= np.right_shift(z, np.uint64(27), out=shifted)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= np.right_shift(z, np.uint64(31), out=shifted)
    return numbers


def _argsort(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the positions of distinct keys in ascending order of the keys.

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


def _mix(z: int) -> int:
    """Return splitmix64's finaliser of an unsigned 64-bit integer."""
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31


def read_order(content: bytes) -> NDArray[np.int64]:
    """Return the indices in a file of NumPy, as the service sends an order: int64 `(n,)`, read-only.

    The header is compared with the size of the file before anything is allocated.

    Raises:
        UnexpectedAnswer: it is no such file.
    """
    file = io.BytesIO(content)
    try:
        version = npy.read_magic(file)
        shape, _, dtype = npy.read_array_header_1_0(file)
    except (ValueError, TypeError, SyntaxError, TokenError, RecursionError):
        version, shape, dtype = (0, 0), (), np.dtype(np.void)
    start = file.tell()
    if version != (1, 0) or dtype != np.dtype("<i8") or shape != ((len(content) - start) // 8,) or len(content) % 8:
        raise UnexpectedAnswer(f"An order was requested, and something else arrived: {content[:200]!r}")
    return np.frombuffer(content, "<i8", offset=start).astype(np.int64, copy=False)
