"""A Format: a name, a media type, and the function that turns a Batch into bytes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from service.data.batch import Batch, Layout

Encoded = bytes | memoryview
"""A finished file; a memoryview where handing out the encoder's own buffer saves a copy of the whole."""

ANY_LAYOUT: frozenset[Layout] = frozenset({"flat", "image", "chw", "hwc"})
"""For formats that hold arrays of any shape."""

FLAT: frozenset[Layout] = frozenset({"flat"})
"""For formats that hold a table: one pixel, one column."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A representation of samples.

    `encode` gives a complete, valid file for any Batch, one of zero rows included, and the same bytes for the same
    Batch. `stream`, where the format allows it, gives such a file of several batches (at least one, all of a kind)
    piece by piece, holding no more than one of them; `stream_size` tells the length of such a file beforehand, from
    one batch of the kind and how many batches there are of each number of rows. `text` formats are worth
    compressing for transport and cost more per row. `layouts` are those it can hold. `quick` is the number of pixel
    values that are encoded in less than about 5 ms, so that a server need not leave its event loop for them.
    """

    name: str
    media_type: str
    suffix: str
    encode: Callable[[Batch], Encoded]
    stream: Callable[[Iterable[Batch]], Iterator[Encoded]] | None = None
    stream_size: Callable[[Batch, Mapping[int, int]], int] | None = None
    text: bool = False
    layouts: frozenset[Layout] = ANY_LAYOUT
    quick: int
