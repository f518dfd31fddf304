"""Reading a grey PNG that a client sent: strictly, and no more of it than a sample has pixels."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.errors import Refused
from service.formats.png import SIGNATURE

GREY = 0
"""The colour type of grey without alpha."""

ANCILLARY = 0x20
"""The bit that marks, in the first letter of a chunk's name, those that a reader may pass over (text, profiles)."""


def read_grey_png(content: bytes, *, height: int, width: int) -> NDArray[np.uint8]:
    """The greys 0…255 of an 8-bit grey PNG of this size, uint8 `(height, width)`.

    Gamma, colour profile and text are passed over without being decompressed: the values of the pixels are the data.

    Raises:
        Refused: it is no PNG, is damaged, or has another size, colour type or depth, or transparency.

    Source: W3C PNG, third edition, sections 5 and 11.
    """
    try:
        chunks = list(_split_chunks(content))
        _check_header(chunks, height, width)
        kept = [chunk for name, chunk in chunks if not name[0] & ANCILLARY]
        with Image.open(BytesIO(b"".join([SIGNATURE, *kept])), formats=["PNG"]) as image:
            return np.asarray(image)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error):  # as Pillow reports damage
        raise Refused("body", "is a damaged PNG; send a complete one", place="body") from None


def _split_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The name of each chunk, and all its bytes, up to IEND.

    Raises:
        Refused: the content does not begin as a PNG does.
        struct.error: it ends too early.
    """
    if not content.startswith(SIGNATURE):
        raise Refused("body", "does not begin as a PNG does; send one, or raw bytes as another type", place="body")
    start, name = len(SIGNATURE), b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", content, start)
        stop = start + length + 12
        yield name, content[start:stop]
        start = stop


def _check_header(chunks: list[tuple[bytes, bytes]], height: int, width: int) -> None:
    """Check what a PNG says of itself, before any of it is decompressed.

    Raises:
        Refused: it is another picture than is wanted.
        struct.error: the header is damaged.
    """
    found_width, found_height, depth, colour = struct.unpack_from(">2I2B", chunks[0][1], 8)
    wanted = f"send an 8-bit grey PNG of {width}×{height} pixels"
    if (found_width, found_height) != (width, height):
        raise Refused("body", f"has {found_width}×{found_height} pixels; {wanted}", place="body")
    if colour != GREY or any(name == b"tRNS" for name, _ in chunks):
        raise Refused("body", f"has colours, a palette or transparency; {wanted}", place="body")
    if depth != 8:
        raise Refused("body", f"has {depth} bits a pixel; {wanted}", place="body")
