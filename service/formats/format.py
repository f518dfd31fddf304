"""A Format: a name, a media type, what encoding costs, and the functions that turn batches into bytes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import chain

import numpy as np

from service.data.batch import Batch, Layout

Encoded = bytes | memoryview
"""A finished file or a piece of one; a memoryview where handing out the encoder's own buffer saves a copy."""

ANY_LAYOUT: frozenset[Layout] = frozenset({"flat", "image", "chw", "hwc"})
"""For formats that hold arrays of any shape."""

FLAT: frozenset[Layout] = frozenset({"flat"})
"""For formats that hold a table: one pixel, one column."""

PIECE = 262_144
"""Bytes of a piece of a stream, at most."""

BLOCK = 1_048_576
"""Bytes of pixels that are gathered at a time for a file in one piece, so that they are still in the cache when they
are copied to their place."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What gathering, scaling and encoding take, measured.

    `call` is in microseconds, and `column` in microseconds a pixel of one sample; `row` is in nanoseconds a row, `raw`
    and `scaled` in nanoseconds a pixel value of uint8 and of float32, `stored` in those a pixel value of a stored row.
    """

    call: float
    column: float = 0.0
    row: float = 0.0
    raw: float = 0.0
    scaled: float = 0.0
    stored: float = 0.3

    def estimate(self, rows: int, pixels: int, *, scaled: bool, stored: bool) -> float:
        """Milliseconds for so many rows of so many pixels each."""
        value = self.scaled if scaled else self.stored if stored else self.raw
        return (self.call + pixels * self.column) / 1e3 + rows * (self.row + pixels * value) / 1e6


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many bytes a file and its making take together, at most: in all, a row, and a pixel value raw and scaled.

    `file` is the part of them that a large file has.
    """

    call: float = 16_384
    row: float = 64
    raw: float = 1.0
    scaled: float = 4.0
    file: float = 1.0

    def estimate(self, rows: int, pixels: int, *, scaled: bool) -> int:
        """Bytes for so many rows of so many pixels each."""
        return int(self.call + rows * (self.row + pixels * (self.scaled if scaled else self.raw)))


BINARY = Size()
"""The size of formats that hold the values as they are in memory."""

TEXT = Size(row=120, raw=5, scaled=17, file=0.5)
"""The size of text, of up to 3.6 characters a raw value and 12 a scaled one, while it is gathered and compressed."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A representation of samples.

    `encode` gives a complete, valid file for any Batch, one of no rows included, and the same bytes for the same
    Batch. `stream`, where the format allows it, gives such a file of several batches (at least one, all of a kind) in
    pieces of at most `PIECE` bytes, without gathering all pixels of a batch at once unless it says so; `stream_size` is
    the length of such a file, from one batch of the kind and how many batches there are of each number of rows. `text`
    formats are worth compressing for transport. `layouts` are those it can hold. `costs` and `sizes` are the measured
    constants behind `cost` and `size`. `pieces`, where the format allows it, gives what `encode` gives in pieces of at
    most `PIECE` bytes, without holding the whole; `length` is how many bytes these are, where that is known beforehand,
    from a batch of the kind and the number of rows. `stored_as` is the encoding whose finished rows of a split, if
    there are, serve a file of raw flat rows.
    """

    name: str
    media_type: str
    suffix: str
    encode: Callable[[Batch], Encoded]
    stream: Callable[[Iterable[Batch]], Iterator[Encoded]] | None = None
    stream_size: Callable[[Batch, Mapping[int, int]], int] | None = None
    text: bool = False
    layouts: frozenset[Layout] = ANY_LAYOUT
    pieces: Callable[[Batch], Iterator[Encoded]] | None = None
    length: Callable[[Batch, int], int] | None = None
    stored_as: str | None = None
    costs: Cost
    sizes: Size = BINARY

    def cost(self, rows: int, pixels: int, *, scaled: bool, stored: bool = False) -> float:
        """Estimated milliseconds to gather, scale and encode so many rows of so many pixels each.

        Within a factor of 1.5 of what was measured on one core; text of the scale `unit` takes half of it.
        """
        return self.costs.estimate(rows, pixels, scaled=scaled, stored=stored)

    def size(self, rows: int, pixels: int, *, scaled: bool) -> int:
        """Bytes, at most, that so many rows of so many pixels each take, together with encoding them."""
        return self.sizes.estimate(rows, pixels, scaled=scaled)

    def file_size(self, rows: int, pixels: int, *, scaled: bool) -> int:
        """Estimated bytes of a file of so many rows of so many pixels each."""
        return int(self.size(rows, pixels, scaled=scaled) * self.sizes.file)


def read_pixels(batch: Batch, size: int) -> Iterator[memoryview]:
    """The bytes of a batch's pixels, gathered so many bytes at a time, but at least a row."""
    for block in batch.blocks(size // batch.dtype.itemsize):
        yield np.ascontiguousarray(block.image).reshape(-1).view(np.uint8).data


def count_bytes(batch: Batch) -> int:
    """The number of bytes of a batch's pixels."""
    return len(batch) * batch.height * batch.width * batch.dtype.itemsize


def join_pieces(size: int, pieces: Iterable[Encoded]) -> memoryview:
    """All pieces in one of `size` bytes, each copied to its place before the next is made.

    The memory is numpy's, which asks the system for huge pages: of many megabytes, small ones cost several times the
    copying.
    """
    whole, start = np.empty(size, np.uint8).data, 0
    for piece in pieces:
        whole[start : start + len(piece)] = piece
        start += len(piece)
    return whole


def split_pieces(pieces: Iterable[Encoded]) -> Iterator[Encoded]:
    """The same bytes in pieces of at most `PIECE` bytes, without copies."""
    for piece in pieces:
        if len(piece) <= PIECE:
            yield piece
        else:
            view = memoryview(piece)
            yield from (view[start : start + PIECE] for start in range(0, len(view), PIECE))


def concatenate(pieces: Iterable[Encoded]) -> Encoded:
    """All pieces as one, a single one as it is.

    Many are copied one by one and released, so that the memory needed is that of the whole.
    """
    rest, few, size = iter(pieces), [], 0
    for piece in rest:
        few.append(piece)
        size += len(piece)
        if size > BLOCK:
            break
    else:
        return few[0] if len(few) == 1 else b"".join(few)
    whole = BytesIO()
    for piece in chain(few, rest):
        whole.write(piece)
    return whole.getvalue()
