"""A Choice: which samples of a split an answer shows, and in which order. Counts them before any is selected."""

from dataclasses import dataclass, field

import numpy as np

from service.data.oddness import oddness_cost
from service.data.selection import Selection
from service.data.split import Split
from service.data.subset import Subset


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The samples of a subset, in its own order or the oddest first; or just these `indices`, in this order.

    `indices` must be within the split; they may repeat. If they are given, nothing else is.
    """

    subset: Subset = field(default_factory=Subset)
    oddest_first: bool = False
    indices: tuple[int, ...] | None = None

    def select(self, split: Split) -> Selection:
        """The samples.

        Raises:
            Refused: a label is no class, or a class is too small.
        """
        everything = Selection.of(split)
        if self.indices is not None:
            return everything.take(np.array(self.indices, np.int64))
        members = self.subset.select(everything)
        return members.oddest_first() if self.oddest_first else members

    def count(self, split: Split) -> int:
        """How many samples `select` gives, computed without selecting any.

        Raises:
            Refused: exactly when `select` raises it, with the same message.
        """
        return self.subset.count(split) if self.indices is None else len(self.indices)

    def cost(self, split: Split) -> float:
        """Estimated milliseconds that `select` takes.

        Raises:
            Refused: a label is no class.
        """
        return self.subset.cost(split) + (oddness_cost(split) if self.oddest_first else 0.0)
