"""Balance: an order in which all classes come equally often. Depends on the order and the classes, and nothing else."""

import numpy as np
from numpy.typing import NDArray


def balance(order: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The entries of an order, rearranged so that classes take turns, until the smallest class is used up.

    Of L classes that occur, the smallest has M entries. Entry b·L + j of the result is entry b of the list of class
    (j + b) mod L, where the list of a class has its entries in the order given, and only classes that occur are
    numbered, in ascending order. So each run of L entries has every class once. Each run begins with the next class,
    so that a rank that takes every W-th entry gets all classes equally often, if W divides L.

    Args:
        order: int64 `(n,)`.
        labels: int64 `(n,)`, the class of each entry of `order`, 0…255.

    Returns:
        int64 `(L·M,)`: entries of `order`, each at most once.

    Source: docs/order-v1.md, "The balanced order".
    """
    narrow = labels.astype(np.uint8)  # numpy sorts small integers by counting them
    by_class = order[np.argsort(narrow, kind="stable")]
    sizes = np.bincount(narrow)
    sizes = sizes[sizes > 0]
    firsts = np.cumsum(sizes) - sizes
    turns = np.arange(sizes.min(initial=len(order)))[:, np.newaxis]
    classes = (turns + np.arange(len(sizes))) % max(1, len(sizes))
    balanced: NDArray[np.int64] = by_class[firsts[classes] + turns].reshape(-1)
    return balanced
