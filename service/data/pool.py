"""Pools: the samples that an epoch visits, in file order. The last ones are stored. Reads no pixels."""

from dataclasses import replace
from threading import Condition

import numpy as np
from cachetools import LRUCache, cached

from service.data.selection import Selection
from service.data.split import Split
from service.data.subset import Subset

Key = tuple[Split, Subset]
"""What a pool depends on: the subset without its seed, unless the seed decides which samples belong."""

STORE_BYTES = 16_000_000
"""Bytes of pools that are stored: their indices, which are at most 560 kB for 70,000 samples."""

NANOSECONDS = 10.0
"""Measured time to sort a sample into file order."""

_store: LRUCache[Key, Selection] = LRUCache(
    STORE_BYTES, getsizeof=lambda pool: 512 + getattr(pool.indices, "nbytes", 0)
)
_condition = Condition()


def pool_key(split: Split, subset: Subset) -> Key:
    """What determines a pool: equal for subsets that differ in a seed that does not matter."""
    return split, subset if subset.seed is None or subset.decided_by_seed else replace(subset, seed=None)


@cached(_store, key=pool_key, condition=_condition)
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
    pool = pool_key(split, subset)[1].select(everything).in_file_order()
    if isinstance(pool.indices, np.ndarray):
        pool.indices.flags.writeable = False
    return pool


def pool_cost(split: Split, subset: Subset) -> float:
    """Estimated milliseconds that `choose_pool` takes: 0 if the pool is stored."""
    if subset.is_everything:
        return 0.0
    key = pool_key(split, subset)
    with _condition:
        stored = key in _store
    return 0.0 if stored else key[1].cost(split) + len(split) * NANOSECONDS / 1e6
