"""A subset: which samples of a split an epoch visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import index

import numpy as np

from digits_client.connection import Value


@dataclass(frozen=True, kw_only=True)
class Subset:
    """Some classes, one side of a fold, a few samples of each class; everything by default.

    Equal choices are equal values: labels are sorted, and `part` is None where there is no fold.
    """

    label: Sequence[int] | None = None
    per_class: int | None = None
    fold: int | None = None
    folds: int | None = None
    part: str | None = None

    @classmethod
    def choose(
        cls,
        *,
        label: Sequence[int] | int | None = None,
        per_class: int | None = None,
        fold: int | None = None,
        folds: int | None = None,
        part: str | None = None,
    ) -> "Subset":
        """Return the subset of these parameters of the service; no labels are all labels."""
        labels = [] if label is None else sorted({int(one) for one in np.atleast_1d(label)})
        if fold is None and folds is None and part == "train":
            part = None
        if fold is not None and part is None:
            part = "train"
        numbers = {"per_class": per_class, "fold": fold, "folds": folds}
        plain = {name: None if number is None else index(number) for name, number in numbers.items()}
        return cls(label=labels or None, part=part, **plain)

    @property
    def parameters(self) -> dict[str, Value]:
        """The subset as query parameters; none for everything."""
        return {name: value for name, value in vars(self).items() if value is not None}


EVERYTHING = Subset()
"""All samples of a split."""
