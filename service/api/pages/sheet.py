"""A Sheet: the contact sheet that stands for a split on a page. Knows the picture's address and size, no pixel."""

from dataclasses import dataclass
from math import ceil

from service.api.links import split_path
from service.data.split import Split
from service.http.request import ApiRequest

COLUMNS, ROWS = 24, 4
"""Samples of a sheet, at most."""

CELL = 56
"""Pixels that a sample is high, about: twice as many as on most screens, for those that have them."""


@dataclass(frozen=True)
class Sheet:
    """A picture of the first samples of a split, in dark ink without paper: address, size in pixels, and a text."""

    url: str
    width: int
    height: int
    text: str


def build_sheet(request: ApiRequest, split: Split) -> Sheet:
    """The contact sheet of a split."""
    limit = min(COLUMNS * ROWS, len(split))
    columns = min(COLUMNS, limit)
    scale = max(1, CELL // split.card.height)
    gap = 2 * scale
    look = {"limit": limit, "columns": columns, "scale": scale, "gap": gap, "invert": True, "transparent": True}
    return Sheet(
        url=request.link(f"{split_path(split)}/grid.png", **look, rev=split.rev),
        width=_measure(columns, split.card.width * scale, gap),
        height=_measure(ceil(limit / columns), split.card.height * scale, gap),
        text=f"The first {limit} samples of {split.full_name}",
    )


def _measure(cells: int, cell: int, gap: int) -> int:
    """Pixels of so many cells with gaps between them."""
    return cells * (cell + gap) - gap
