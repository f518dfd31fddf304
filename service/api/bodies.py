"""Bodies of samples: made whole, or in pieces while they are sent if they are large."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from service.data.batch import Batch
from service.data.split import Split
from service.formats.format import Encoded, Format
from service.http.representation import Pieces, Whole

LARGE = {True: 16_000_000, False: 4_000_000}
"""Bytes above which a body is made in pieces, by whether the format is text.

A page of text of 1,000 rows is below. Text is better whole: of pieces, the length is not known before the last one.
"""


def build_body(
    media: Format,
    split: Split,
    *,
    rows: int,
    scaled: bool,
    batch: Callable[[], Batch],
    kind: Callable[[], Batch],
    selecting: float,
    stored: bool = False,
) -> Whole | Pieces:
    """The body that has `rows` samples in a format.

    `batch` gives them, and `kind` gives a batch that differs in its rows alone; to select the samples takes `selecting`
    milliseconds.
    """
    pixels = split.card.pixels
    cost = selecting + media.cost(rows, pixels, scaled=scaled, stored=stored)
    size = media.size(rows, pixels, scaled=scaled)
    if media.pieces is not None and size > LARGE[media.text]:
        length = None if media.length is None else media.length(kind(), rows)
        return Pieces(partial(_write, media.pieces, batch), length, cost)
    return Whole(lambda: media.encode(batch()), cost, size)


def _write(pieces: Callable[[Batch], Iterable[Encoded]], batch: Callable[[], Batch]) -> Iterator[Encoded]:
    """The pieces of a batch, which is selected when the first one is asked for."""
    yield from pieces(batch())
