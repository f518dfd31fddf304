"""PNG: lossless, 8-bit grey or RGB, with alpha or without, and with no gamma or colour profile to change pixels."""

import struct
import zlib
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from service.data.batch import Batch
from service.formats.format import Cost, Encoded, Format, Size
from service.formats.render import Paint, Picture, RenderOptions, draw, pixel_cost, split_bands, to_grey

SIGNATURE = b"\x89PNG\r\n\x1a\n"
"""The first eight bytes of every PNG."""

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Colour type by number of channels: grey, grey and alpha, RGB, RGBA."""

UNFILTERED, SUB, UP = 0, 1, 2
"""Filter types of a row: as it is, each byte less that of the pixel before, or less that of the pixel above."""

SMALL = 4_096
"""Bytes up to which speed counts more than a few bytes: a digit, which takes two thirds of the time at level 1.

ISA-L takes half, but its bytes depend on the processor, and a strong entity tag must not stand for different bytes.
"""

LARGE = 100_000
"""Bytes above which only runs are compressed: of a sheet that takes a third of the time, and as little room."""


BYTES = 7.0
"""Measured bytes a pixel that drawing and compressing takes at most: the ink, and twice the file."""

PLAIN = "png"
"""The name of finished pictures of samples, drawn as they are."""

CAPTION = 110
"""Measured microseconds to draw a caption."""


def encode(ink: Picture, paint: Paint = lambda band: band) -> bytes:
    """A picture as PNG; `paint` gives the ink its colours, some rows at a time.

    Grey rows are unfiltered; of several channels, each is filtered against the pixel before, which makes an even
    background zero. For a digit this takes a third of the time that a general library takes, for a sheet a fifth.

    Source: W3C PNG, third edition, sections 5, 9 and 11.
    """
    height, width = ink.shape[:2]
    channels = paint(ink[:1, :1]).size
    if ink.size <= SMALL:
        content = zlib.compress(_filter(paint(ink).reshape(height, -1), channels).data, 1)
    else:
        compressor = zlib.compressobj(6, strategy=zlib.Z_RLE if ink.size > LARGE else zlib.Z_DEFAULT_STRATEGY)
        bands = (paint(band).reshape(len(band), -1) for band in split_bands(ink))
        lines = (_zero_repeated(band, _filter(band, channels)) for band in bands)
        content = b"".join([*(compressor.compress(one.data) for one in lines), compressor.flush()])
    header = write_header(height, width, channels)
    return b"".join((SIGNATURE, header, write_chunk(b"IDAT", content), write_chunk(b"IEND", b"")))


def encode_greys(images: Picture) -> list[bytes]:
    """Grey images `(n, height, width)`, each as `encode` writes it.

    What small pictures of one size have in common is made once, which saves a quarter of the time for digits.
    """
    count, height, width = images.shape
    size = height * (1 + width)
    if height * width > SMALL or not count:
        return [encode(image) for image in images]
    lines = _filter(images.reshape(-1, width), 1).reshape(-1).data
    head = SIGNATURE + write_header(height, width, 1)
    tail = write_chunk(b"IEND", b"")
    contents = (zlib.compress(lines[start : start + size], 1) for start in range(0, len(lines), size))
    return [b"".join((head, write_chunk(b"IDAT", content), tail)) for content in contents]


def write_header(height: int, width: int, channels: int) -> bytes:
    """The chunk that tells size and colour type of an 8-bit picture."""
    return write_chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0))


def _filter(rows: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Rows of bytes, each with its filter type before it."""
    lines = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    if channels == 1:
        lines[:, 0], lines[:, 1:] = UNFILTERED, rows
    else:
        lines[:, 0], lines[:, 1 : 1 + channels] = SUB, rows[:, :channels]
        np.subtract(rows[:, channels:], rows[:, :-channels], out=lines[:, 1 + channels :])
    return lines


def _zero_repeated(rows: NDArray[np.uint8], lines: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Filtered rows, of which those that repeat the row above become zero."""
    repeated = 1 + np.flatnonzero((rows[1:] == rows[:-1]).all(axis=1))
    lines[repeated, 0], lines[repeated, 1:] = UP, 0
    return lines


def write_chunk(name: bytes, content: bytes) -> bytes:
    """A chunk: its length, name, content, and the CRC-32 of the last two."""
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def sample(batch: Batch, options: RenderOptions) -> Picture:
    """The one sample of a batch as a picture, captioned with its label if the options wants it."""
    return draw(
        to_grey(batch.flat.reshape(batch.height, batch.width), batch.peak), options, caption(int(batch.label[0]))
    )


def caption(label: int) -> str:
    """What stands under a digit."""
    return f"Label: {label}"


def _encode_sample(batch: Batch, options: RenderOptions) -> Encoded:
    stored = batch.encoded.get(PLAIN) if options == RenderOptions() else None
    return encode(sample(batch, options)) if stored is None else stored.read(batch.index)


def encode_rows(batch: Batch) -> list[bytes]:
    """Each sample as a picture, drawn as it is."""
    return encode_greys(to_grey(batch.flat.reshape(len(batch), batch.height, batch.width), batch.peak))


@lru_cache(maxsize=64)
def png(options: RenderOptions) -> Format:
    """The format that draws one sample with these options."""
    return Format(
        name="png",
        media_type="image/png",
        suffix="png",
        encode=partial(_encode_sample, options=options),
        stored_as=PLAIN if options == RenderOptions() else None,
        costs=Cost(
            call=12 + CAPTION * options.captioned,
            raw=options.scale**2 * pixel_cost(options, plain=2, colour=9, alpha=2),
        ),
        sizes=Size(raw=options.scale**2 * BYTES),
    )
