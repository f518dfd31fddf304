"""An Epoch: how the samples of a subset are divided into the batches of many ranks. Arithmetic; reads no pixels."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Condition
from typing import Literal

import numpy as np
from cachetools import LRUCache, cached

from service.data.order import order_cost, order_v1
from service.data.selection import Indices, Selection, to_positions
from service.data.split import Split
from service.data.subset import Subset

Tail = Literal["partial", "drop", "pad"]
"""What becomes of the samples that do not fill a global batch: they come as they are, not at all, or filled up."""

STORE_BYTES = 16_000_000
"""Bytes of pools that are stored: their indices, which are at most 560 kB for 70,000 samples."""

EVERYTHING = Subset()
"""The subset of all samples."""

NANOSECONDS = 10.0
"""Measured time to sort a sample into file order, and to look up a row of a batch."""

_store: LRUCache[tuple[Split, Subset], Selection] = LRUCache(
    STORE_BYTES, getsizeof=lambda pool: 512 + getattr(pool.indices, "nbytes", 0)
)
_condition = Condition()


def _key(split: Split, subset: Subset) -> tuple[Split, Subset]:
    return split, subset if subset.seed is None or subset.decided_by_seed else replace(subset, seed=None)


@cached(_store, key=_key, condition=_condition)
def choose_pool(split: Split, subset: Subset) -> Selection:
    """The samples that an epoch visits, in file order; read-only.

    The last pools are stored, because every batch of an epoch asks for the same one; concurrent calls for one pool
    choose it once.

    Raises:
        Refused: a label is no class, or a class is too small.
    """
    everything = Selection.of(split)
    if subset.is_everything:
        return everything
    pool = _key(split, subset)[1].select(everything).in_file_order()
    if isinstance(pool.indices, np.ndarray):
        pool.indices.flags.writeable = False
    return pool


def pool_cost(split: Split, subset: Subset) -> float:
    """Estimated milliseconds that `choose_pool` takes: 0 if the pool is stored."""
    if subset.is_everything:
        return 0.0
    key = _key(split, subset)
    with _condition:
        stored = key in _store
    return 0.0 if stored else key[1].cost(split) + len(split) * NANOSECONDS / 1e6


def epoch_order(n: int, *, seed: int, number: int, shuffle: bool) -> Indices:
    """The order in which an epoch visits a pool of `n` samples: order v1, or that of the file."""
    return order_v1(n, seed=seed, epoch=number) if shuffle else range(n)


@dataclass(frozen=True, eq=False, kw_only=True)
class Epoch:
    """One pass over a subset of a split in a definite order, from the `start`-th sample on, in batches of B·W samples.

    `number` is the number of the epoch, which decides the order together with `seed`, unless `shuffle` is false.
    Global batch k is `order[start + k·G : start + (k+1)·G]`, and rank r of it `[r::W]`.

    All numbers come from class counts. The pool and the order are computed when a step is asked for.

    Raises:
        Refused: a label of the subset is no class, or a class is too small.
    """

    split: Split
    subset: Subset = EVERYTHING
    seed: int = 0
    number: int = 0
    shuffle: bool = True
    batch_size: int
    world_size: int = 1
    start: int = 0
    tail: Tail = "partial"
    samples: int = field(init=False)

    def __post_init__(self) -> None:
        """Count the samples, which refuses impossible subsets."""
        object.__setattr__(self, "samples", self.subset.count(self.split))

    @cached_property
    def pool(self) -> Selection:
        """The samples of the epoch, in file order."""
        return Selection.of(self.split) if self.subset.is_everything else choose_pool(self.split, self.subset)

    @cached_property
    def order(self) -> Indices:
        """The order in which the epoch visits the pool: positions in it."""
        return epoch_order(self.samples, seed=self.seed, number=self.number, shuffle=self.shuffle)

    def cost(self, rows: int = 0) -> float:
        """Estimated milliseconds to select so many rows, with the pool and the order unless they are stored."""
        order = order_cost(self.samples, seed=self.seed, epoch=self.number) if self.shuffle else 0.0
        return pool_cost(self.split, self.subset) + order + rows * NANOSECONDS / 1e6

    @property
    def global_batch(self) -> int:
        """G: the number of samples that all ranks take in one step."""
        return self.batch_size * self.world_size

    @property
    def steps(self) -> int:
        """The number of steps from `start` to the end."""
        left = max(0, self.samples - self.start)
        return left // self.global_batch if self.tail == "drop" else -(-left // self.global_batch)

    @property
    def dropped(self) -> int:
        """The number of samples from `start` on that no step visits."""
        return max(0, self.samples - self.start - self.steps * self.global_batch) if self.tail == "drop" else 0

    @property
    def padded(self) -> int:
        """The number of rows that fill the last global batch."""
        short = self.start + self.steps * self.global_batch - self.samples
        return max(0, short) if self.tail == "pad" and self.steps else 0

    def rows_per_rank(self) -> list[int]:
        """How many rows each rank gets from `start` on, padding included."""
        rows = max(0, self.samples - self.start) - self.dropped + self.padded
        whole, rest = divmod(rows, self.global_batch)
        return [whole * self.batch_size + len(range(rank, rest, self.world_size)) for rank in range(self.world_size)]

    def next_start(self, steps: int) -> int:
        """The `start` that goes on after so many steps."""
        return min(self.samples, self.start + steps * self.global_batch)

    def valid_rows(self, rank: int, steps: int) -> int:
        """How many real rows a rank gets in so many steps from `start` on."""
        real = max(0, min(self.samples - self.start, steps * self.global_batch))
        whole, rest = divmod(real, self.global_batch)
        return whole * self.batch_size + len(range(rank, rest, self.world_size))

    def sizes(self, rank: int, steps: int) -> dict[int, int]:
        """How many batches of how many rows (the key) a rank gets in so many steps, at least one, padding included."""
        real = self.valid_rows(rank, steps) - self.valid_rows(rank, steps - 1)
        last = self.batch_size if self.tail == "pad" else real
        return {self.batch_size: steps} if last == self.batch_size else {self.batch_size: steps - 1, last: 1}

    def step(self, number: int, rank: int) -> Selection:
        """The samples that a rank gets in a step, counted from `start`; padding comes last."""
        first = self.start + number * self.global_batch
        mine: Indices = self.order[first : first + self.global_batch][rank :: self.world_size]
        if self.tail == "pad":
            missing = np.arange(len(mine), self.batch_size) * self.world_size + rank + first - self.samples
            mine = np.concatenate([to_positions(mine), to_positions(self.order)[missing % self.samples]])
        return self.pool.take(to_positions(mine))

    def all_steps(self, rank: int, steps: int) -> Iterator[Selection]:
        """What a rank gets, step after step."""
        return (self.step(number, rank) for number in range(steps))
