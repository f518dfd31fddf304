"""A subset: which samples of a split an epoch visits."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import index

import numpy as np

from digits_client.connection import Value


@dataclass(frozen=True, kw_only=True)
class Subset:
    """A range, some classes, one side of a fold, a few samples of each class; everything by default.

    Equal choices are equal values: labels are sorted, and `part` is None where there is no fold.
    """

    range: str | None = None
    label: Sequence[int] | None = None
    per_class: int | None = None
    fold: int | None = None
    folds: int | None = None
    part: str | None = None

    @classmethod
    def choose(
        cls,
        count: int,
        *,
        range: str | None = None,  # noqa: A002 - the service's name
        label: Sequence[int] | int | None = None,
        per_class: int | None = None,
        fold: int | None = None,
        folds: int | None = None,
        part: str | None = None,
    ) -> "Subset":
        """Return the subset of these parameters of the service, of a split of `count` samples.

        No labels are all labels, and a range of everything is none.
        """
        labels = [] if label is None else sorted({int(one) for one in np.atleast_1d(label)})
        if fold is None and folds is None and part == "train":
            part = None
        if fold is not None and part is None:
            part = "train"
        numbers = {"per_class": per_class, "fold": fold, "folds": folds}
        plain = {name: None if number is None else index(number) for name, number in numbers.items()}
        return cls(
            range=None if range is None else complete_range(range, count), label=labels or None, part=part, **plain
        )

    @property
    def parameters(self) -> dict[str, Value]:
        """The subset as query parameters; none for everything."""
        return {name: value for name, value in vars(self).items() if value is not None}


def complete_range(text: str, count: int) -> str | None:
    """Return a range of indices with both ends, as `first:end`; None for all of `count` samples.

    What is no range is returned as it is: the service says what is wrong with it.
    """
    match = re.fullmatch(r"([0-9]*):([0-9]*)", text)
    if match is None or text == ":":
        return text
    first, end = int(match[1] or 0), int(match[2] or count)
    return None if (first, end) == (0, count) else f"{first}:{end}"


EVERYTHING = Subset()
"""All samples of a split."""
