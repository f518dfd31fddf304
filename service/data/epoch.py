"""An Epoch: how the samples of a selection become the batches of many ranks. Arithmetic alone; touches no pixel."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.data.dataset import Dataset
from service.data.order import order_v1
from service.data.selection import Indices, Part, Selection

Tail = Literal["partial", "drop", "pad"]
"""What becomes of the samples that do not fill a global batch: they come as they are, not at all, or filled up."""


@dataclass(frozen=True, kw_only=True)
class Subset:
    """Which samples an epoch visits: some classes, one side of a fold, a few of each class, in that order.

    `seed` shuffles before folds are dealt and the first of each class are kept, so that it decides about
    membership; the epoch's own order is another matter.
    """

    labels: tuple[int, ...] = ()
    fold: int | None = None
    folds: int | None = None
    part: Part = "train"
    per_class: int | None = None
    seed: int | None = None

    def of(self, selection: Selection) -> Selection:
        """The subset of a selection, shuffled by the seed if there is one.

        Raises:
            Refused: a label is no class, or a class is too small.
        """
        if self.labels:
            selection = selection.labelled(self.labels)
        if self.seed is not None:
            selection = selection.shuffled(self.seed)
        if self.fold is not None and self.folds is not None:
            selection = selection.fold(self.fold, self.folds, self.part)
        return selection if self.per_class is None else selection.first_of_each(self.per_class)

    @property
    def decided_by_seed(self) -> bool:
        """Whether the seed has a say in who belongs."""
        return self.fold is not None or self.per_class is not None


@lru_cache(maxsize=32)
def pool(dataset: Dataset, split: str, subset: Subset) -> Selection:
    """The samples that an epoch visits, in file order; kept, because every batch of an epoch asks for them.

    Raises:
        Unknown: there is no such split.
        Refused: a label is no class, or a class is too small.
    """
    everything = Selection.of(dataset, split)
    return everything if subset == Subset(seed=subset.seed) else subset.of(everything).in_file_order()


def order(n: int, *, seed: int, epoch: int, shuffle: bool) -> Indices:
    """The order in which an epoch visits a pool of `n` samples: order v1, or the file's."""
    return order_v1(n, seed=seed, epoch=epoch) if shuffle else range(n)


@dataclass(frozen=True, eq=False, kw_only=True)
class Epoch:
    """One pass over a pool in a definite order, from the `start`-th sample on, in global batches of B·W samples.

    Global batch k is `order[start + k·G : start + (k+1)·G]`, and rank r of it `[r::W]`.
    """

    pool: Selection
    order: Indices
    batch_size: int
    world_size: int = 1
    start: int = 0
    tail: Tail = "partial"

    @property
    def samples(self) -> int:
        """N: the number of samples in the whole epoch."""
        return len(self.order)

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
        """How many batches of how many rows (the key) a rank gets in so many steps, padding included."""
        real = self.valid_rows(rank, steps) - self.valid_rows(rank, steps - 1)
        last = self.batch_size if self.tail == "pad" else real
        return {self.batch_size: steps} if last == self.batch_size else {self.batch_size: steps - 1, last: 1}

    def step(self, number: int, rank: int) -> Selection:
        """The samples that a rank gets in a step, counted from `start`; padding comes last."""
        first = self.start + number * self.global_batch
        mine: Indices = self.order[first : first + self.global_batch][rank :: self.world_size]
        if self.tail == "pad":
            missing = np.arange(len(mine), self.batch_size) * self.world_size + rank + first - self.samples
            mine = np.concatenate([mine, np.asarray(self.order)[missing % self.samples]])
        return self.pool.take(_array(mine))

    def all_steps(self, rank: int, steps: int) -> Iterator[Selection]:
        """What a rank gets, step after step."""
        return (self.step(number, rank) for number in range(steps))


def _array(indices: Indices) -> NDArray[np.int64]:
    return np.asarray(indices, dtype=np.int64)
