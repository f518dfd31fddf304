"""The parameter `range`: indices from A up to, but not including, B, written as a slice of Python."""

import re

from service.data.split import Split
from service.errors import Refused, quote

PATTERN = "^([0-9]+:[0-9]*|:[0-9]+)$"
"""What a range looks like, for the OpenAPI document."""

SLICE = re.compile(r"([0-9]{1,4000}):([0-9]{0,4000})|:([0-9]{1,4000})")
"""The same with its two bounds; Python refuses to convert more than 4,300 digits."""


def normalize_range(text: str) -> str | None:
    """The shortest spelling of a range; None for one that leaves nothing out, and any other text as it is."""
    bounds = _find_bounds(text)
    if bounds is None or bounds == (0, None):
        return text if bounds is None else None
    start, stop = bounds
    return f"{start or ''}:{'' if stop is None else stop}"


def read_range(text: str, split: Split) -> range | None:
    """The indices that a range names; None for the whole split.

    Raises:
        Refused: it is no range, is empty, or does not lie within the split.
    """
    n, bounds = len(split), _find_bounds(text)
    start, stop = (0, 0) if bounds is None else (bounds[0], n if bounds[1] is None else bounds[1])
    if not start < stop <= n:
        raise Refused(
            "range",
            f"must be A:B, A: or :B with integers 0 ≤ A < B ≤ {n}, the number of samples of {split.full_name}, "
            f"not {quote(text)}",
        )
    return None if (start, stop) == (0, n) else range(start, stop)


def _find_bounds(text: str) -> tuple[int, int | None] | None:
    """Both bounds of a range; the second is None if it is open, and all is None if the text is no range."""
    found = SLICE.fullmatch(text)
    if found is None:
        return None
    stop = found[2] or found[3]
    return int(found[1] or 0), int(stop) if stop else None
