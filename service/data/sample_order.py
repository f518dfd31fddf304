"""A SampleOrder: which samples an epoch visits, and in which order. Knows no batches; reads no pixels."""

from dataclasses import dataclass, field
from functools import cached_property
from threading import Condition

import numpy as np
from cachetools import LRUCache, cached
from numpy.typing import NDArray

from service.data.balance import balance
from service.data.class_counts import count_balanced
from service.data.order import order_cost, order_v1
from service.data.pool import Key as PoolKey
from service.data.pool import choose_pool, pool_cost, pool_key
from service.data.selection import Indices, Selection, to_positions
from service.data.split import Split
from service.data.subset import Subset

EVERYTHING = Subset()
"""The subset of all samples."""

Key = tuple[PoolKey, tuple[int, int] | None]
"""What a balanced order depends on: the pool, with seed and epoch if it is shuffled."""

STORE_BYTES = 16_000_000
"""Bytes of balanced orders that are stored: 36 of the training split of MNIST."""

NANOSECONDS = 20.0
"""Measured time to balance a sample."""

_store: LRUCache[Key, NDArray[np.int64]] = LRUCache(STORE_BYTES, getsizeof=lambda order: order.nbytes + 512)
_condition = Condition()


@dataclass(frozen=True, eq=False, kw_only=True)
class SampleOrder:
    """The order in which one epoch visits a subset of a split.

    `number` is the number of the epoch. The order is order v1 of `seed` and `number`, or that of the file if `shuffle`
    is false. If `balanced` is true, the classes take turns in it (`balance`), until the smallest class is used up.

    `samples`, the number of samples, comes from class counts. The pool and the order are computed when they are read.

    Raises:
        Refused: a label of the subset is no class, or a class is too small.
    """

    split: Split
    subset: Subset = EVERYTHING
    seed: int = 0
    number: int = 0
    shuffle: bool = True
    balanced: bool = False
    samples: int = field(init=False)

    def __post_init__(self) -> None:
        """Count the samples, which refuses impossible subsets."""
        subset, split = self.subset, self.split
        samples = count_balanced(subset.counts(split)) if self.balanced else subset.count(split)
        object.__setattr__(self, "samples", samples)

    @cached_property
    def pool(self) -> Selection:
        """The samples that the epoch chooses from, in file order; it visits all of them unless it is balanced."""
        return Selection.of(self.split) if self.subset.is_everything else choose_pool(self.split, self.subset)

    @cached_property
    def positions(self) -> Indices:
        """The positions in the pool that the epoch visits, in its order, `(samples,)`."""
        return _balance(self) if self.balanced else self._arrange()

    def select(self) -> Selection:
        """The samples of the epoch, in its order."""
        return self.pool.take(to_positions(self.positions))

    def cost(self) -> float:
        """Estimated milliseconds to compute the pool and the order, unless they are stored."""
        pool = pool_cost(self.split, self.subset)
        with _condition:
            if self.balanced and _key(self) in _store:
                return pool
        n = self.subset.count(self.split)
        arranging = order_cost(n, seed=self.seed, epoch=self.number) if self.shuffle else 0.0
        return pool + arranging + (n * NANOSECONDS / 1e6 if self.balanced else 0.0)

    def _arrange(self) -> Indices:
        """The positions of the whole pool, before they are balanced."""
        n = self.subset.count(self.split)
        return order_v1(n, seed=self.seed, epoch=self.number) if self.shuffle else range(n)


def _key(order: SampleOrder) -> Key:
    return pool_key(order.split, order.subset), (order.seed, order.number) if order.shuffle else None


@cached(_store, key=_key, condition=_condition)
def _balance(order: SampleOrder) -> NDArray[np.int64]:
    """The balanced positions of an order, read-only.

    The last ones are stored, because every batch of an epoch needs the same; concurrent calls compute them once.
    """
    positions = to_positions(order._arrange())  # noqa: SLF001 - of this module
    balanced = balance(positions, order.pool.labels[positions])
    balanced.flags.writeable = False
    return balanced
