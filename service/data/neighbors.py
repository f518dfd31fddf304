"""Nearest neighbours of a sample or of a drawing: exact Euclidean distance on raw pixels, by BLAS over blocks."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.data.cache import compute_once
from service.data.selection import Selection
from service.data.split import Split

BLOCK = 512
"""Images a block: widened to float32 they (1.6 MB of MNIST) stay within a processor's cache."""

EXACT = 1 << 24
"""Integers up to here are exact in float32."""


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The nearest samples, nearest first: positions within the split and squared distances, both int64 `(k,)`."""

    index: NDArray[np.int64]
    squared: NDArray[np.int64]


def neighbors(split: Split, position: int, k: int) -> Neighbors:
    """The `k` samples of a split that are nearest to the one at `position`, which is left out.

    Ties go to the lower index; fewer than `k` come where the split has no more.

    Raises:
        Unknown: there is no such position in the split.
    """
    own = Selection.of(split).one(position).images.ravel()
    squared = _measure_squares(split, own)
    squared[position] = np.iinfo(np.int64).max
    return _find_smallest(squared, min(k, len(split) - 1))


def neighbors_of_drawing(split: Split, drawing: NDArray[np.uint8], k: int) -> Neighbors:
    """The `k` samples of a split nearest to a drawing, uint8 `(pixels,)` of 0…peak; otherwise as `neighbors`."""
    return _find_smallest(_measure_squares(split, drawing), min(k, len(split)))


def _find_smallest(squared: NDArray[np.int64], k: int) -> Neighbors:
    """The `k` smallest of these squared distances, at most all of them; ties go to the lower index."""
    if k == 0:
        return Neighbors(np.empty(0, np.int64), np.empty(0, np.int64))
    near = np.flatnonzero(squared <= np.partition(squared, k - 1)[k - 1])
    index = near[np.argsort(squared[near], kind="stable")][:k]
    return Neighbors(index, squared[index])


def _measure_squares(split: Split, own: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The squared distance of every image of a split to one, int64 `(n,)`.

    It is |a|² + |b|² - 2·a·b, every term an exact integer.
    """
    length = int((own.astype(np.int64) ** 2).sum())
    return squared_lengths(split) + length - 2 * _multiply(_flatten(split), own, split.card.peak)


@compute_once
def squared_lengths(split: Split) -> NDArray[np.int64]:
    """|b|² of every image of a split, int64 `(n,)`, read-only: half of every distance, and the same in every call."""
    lengths = np.empty(len(split), np.int64)
    for start, block in _widen_blocks(_flatten(split)):
        lengths[start : start + len(block)] = np.einsum("ij,ij->i", block, block, dtype=np.float64)
    lengths.flags.writeable = False
    return lengths


def _flatten(split: Split) -> NDArray[np.uint8]:
    return split.images.reshape(len(split), split.card.pixels)


def _multiply(images: NDArray[np.uint8], own: NDArray[np.uint8], peak: int) -> NDArray[np.int64]:
    """Exact dot products of every image with one: float32 BLAS over so few columns that no sum exceeds 2^24."""
    columns = EXACT // peak**2
    wide_own = own.astype(np.float32)
    products = np.zeros(len(images), np.int64)
    for start, block in _widen_blocks(images):
        for first in range(0, len(own), columns):
            part = slice(first, first + columns)
            products[start : start + len(block)] += (block[:, part] @ wide_own[part]).astype(np.int64)
    return products


def _widen_blocks(images: NDArray[np.uint8]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Each block's start and its rows as float32, in one buffer that the next block overwrites."""
    buffer = np.empty((BLOCK, images.shape[1]), np.float32)
    for start in range(0, len(images), BLOCK):
        block = images[start : start + BLOCK]
        np.copyto(buffer[: len(block)], block)
        yield start, buffer[: len(block)]
