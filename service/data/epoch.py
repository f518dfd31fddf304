"""An Epoch: how the samples of an order are divided into the batches of many ranks. Arithmetic; reads no pixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from service.data.sample_order import SampleOrder
from service.data.selection import Indices, Selection, to_positions

Tail = Literal["partial", "drop", "pad"]
"""What becomes of the samples that do not fill a global batch: they come as they are, not at all, or filled up."""

NANOSECONDS = 10.0
"""Measured time to look up a row of a batch."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Epoch:
    """One pass over the samples of an order, from the `start`-th one on, in global batches of G = B·W samples.

    Step k takes the global batch `order[p : p + G]` with `p = start + k·stride·G`, and rank r gets `[r::W]` of it. So
    a stride of n takes every n-th global batch from `start` on.

    All numbers are arithmetic on the number of samples. The order itself is computed when a step is asked for.
    """

    order: SampleOrder
    batch_size: int
    world_size: int = 1
    start: int = 0
    stride: int = 1
    tail: Tail = "partial"

    @property
    def samples(self) -> int:
        """N: the number of samples of the whole epoch."""
        return self.order.samples

    @property
    def global_batch(self) -> int:
        """G: the number of samples that all ranks take in one step."""
        return self.batch_size * self.world_size

    @property
    def steps(self) -> int:
        """The number of steps from `start` to the end."""
        left, size = self._left, self.global_batch
        batches = left // size if self.tail == "drop" else -(-left // size)
        return -(-batches // self.stride)

    @property
    def dropped(self) -> int:
        """The number of samples at the end that are in no global batch, whatever the stride."""
        return self._left % self.global_batch if self.tail == "drop" else 0

    @property
    def padded(self) -> int:
        """The number of rows that fill the last step; 0 if it takes a full global batch."""
        return self.global_batch - self._count_real(self.steps - 1) if self.tail == "pad" and self.steps else 0

    def rows_per_rank(self) -> list[int]:
        """How many rows each rank gets from `start` on, padding included."""
        if not self.steps:
            return [0] * self.world_size
        last = self.steps - 1
        return [last * self.batch_size + self._count_rows(rank, last) for rank in range(self.world_size)]

    def next_start(self, steps: int) -> int:
        """The `start` that goes on after so many steps."""
        return min(self.samples, self._find_first(steps))

    def valid_rows(self, rank: int, steps: int) -> int:
        """How many real rows a rank gets in so many steps, of which each must exist; all but the last are full."""
        return (steps - 1) * self.batch_size + self._count_share(rank, self._count_real(steps - 1)) if steps else 0

    def sizes(self, rank: int, steps: int) -> dict[int, int]:
        """How many batches of how many rows (the key) a rank gets in so many steps, at least one, padding included."""
        last = self._count_rows(rank, steps - 1)
        return {self.batch_size: steps} if last == self.batch_size else {self.batch_size: steps - 1, last: 1}

    def step(self, number: int, rank: int) -> Selection:
        """The samples that a rank gets in a step, counted from `start`; padding comes last."""
        first, order = self._find_first(number), self.order.positions
        mine: Indices = order[first : first + self.global_batch][rank :: self.world_size]
        if self.tail == "pad":
            missing = np.arange(len(mine), self.batch_size) * self.world_size + rank + first - self.samples
            mine = np.concatenate([to_positions(mine), to_positions(order)[missing % self.samples]])
        return self.order.pool.take(to_positions(mine))

    def all_steps(self, rank: int, steps: int) -> Iterator[Selection]:
        """What a rank gets, step after step."""
        return (self.step(number, rank) for number in range(steps))

    def cost(self, rows: int = 0) -> float:
        """Estimated milliseconds to select so many rows, with the pool and the order unless they are stored."""
        return self.order.cost() + rows * NANOSECONDS / 1e6

    @property
    def _left(self) -> int:
        """The number of samples from `start` to the end."""
        return max(0, self.samples - self.start)

    def _find_first(self, number: int) -> int:
        """The position in the order at which a step begins."""
        return self.start + number * self.stride * self.global_batch

    def _count_real(self, number: int) -> int:
        """How many samples all ranks together get in a step, without padding."""
        return min(self.global_batch, self.samples - self._find_first(number))

    def _count_share(self, rank: int, real: int) -> int:
        """How many of the samples of a global batch go to a rank."""
        return len(range(rank, real, self.world_size))

    def _count_rows(self, rank: int, number: int) -> int:
        """How many rows a rank gets in a step, padding included."""
        return self.batch_size if self.tail == "pad" else self._count_share(rank, self._count_real(number))
