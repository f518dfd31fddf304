"""PNGs that clients send: read exactly, or refused in a sentence, whatever their bytes are."""

import io
import struct
import tracemalloc
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from service.errors import Refused
from service.formats import png
from service.formats.grey_png import read_grey_png

HEIGHT, WIDTH = 3, 5

images = arrays.arrays(np.uint8, (HEIGHT, WIDTH))

IMAGE = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH)


def save(image: Image.Image, **options: object) -> bytes:
    """A picture as Pillow writes it."""
    stream = io.BytesIO()
    image.save(stream, "PNG", **options)
    return stream.getvalue()


def write_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def insert_chunk(content: bytes, chunk: bytes) -> bytes:
    """A PNG with a further chunk before its pixels."""
    place = content.index(b"IDAT") - 4
    return content[:place] + chunk + content[place:]


def read(content: bytes) -> NDArray[np.uint8]:
    return read_grey_png(content, height=HEIGHT, width=WIDTH)


@given(images, st.integers(0, 9))
def test_the_pixels_of_every_writer_are_read(image: NDArray[np.uint8], level: int) -> None:
    for content in (png.encode(image), save(Image.fromarray(image), compress_level=level)):
        found = read(content)
        assert found.dtype == np.uint8
        assert found.tolist() == image.tolist()


@given(images)
def test_text_gamma_and_profiles_change_nothing(image: NDArray[np.uint8]) -> None:
    content = png.encode(image)
    for chunk in (
        write_chunk(b"gAMA", struct.pack(">I", 220_000)),
        write_chunk(b"tEXt", b"Comment\0hello"),
        write_chunk(b"iCCP", b"no profile"),
        write_chunk(b"acTL", struct.pack(">2I", 7, 0)),
    ):
        assert read(insert_chunk(content, chunk)).tolist() == image.tolist()


WRONG = {
    "3×5 pixels": png.encode(IMAGE.T.copy()),
    "10×6 pixels": png.encode(IMAGE.repeat(2, 0).repeat(2, 1)),
    "1000000000×1000000000 pixels": png.SIGNATURE
    + write_chunk(b"IHDR", struct.pack(">2I5B", 10**9, 10**9, 8, 0, 0, 0, 0))
    + write_chunk(b"IEND", b""),
    "colours, a palette or transparency": png.encode(np.zeros((HEIGHT, WIDTH, 3), np.uint8)),
    "palette or transparency": save(Image.new("P", (WIDTH, HEIGHT))),
    "transparency; send an 8-bit grey PNG of 5×3": png.encode(np.zeros((HEIGHT, WIDTH, 2), np.uint8)),
    "or transparency": save(Image.fromarray(IMAGE), transparency=3),
    "1 bits a pixel": save(Image.new("1", (WIDTH, HEIGHT))),
    "16 bits a pixel": save(Image.fromarray(IMAGE.astype(np.uint16))),
    "does not begin as a PNG": b"GIF89a" + bytes(99),
    "does not begin": b"",
    "is a damaged PNG; send a complete one": png.encode(IMAGE)[:-20],
    "is a damaged PNG": png.SIGNATURE,
    "a damaged PNG": png.SIGNATURE + write_chunk(b"IEND", b""),
    "damaged PNG": png.encode(IMAGE).replace(b"IDAT", b"IDAX"),
}


@pytest.mark.parametrize("reason", WRONG)
def test_any_other_picture_is_refused_and_the_reason_names_what_is_wrong(reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        read(WRONG[reason])
    assert (refused.value.name, refused.value.place) == ("body", "body")


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 255)), min_size=1, max_size=4), st.integers(8, 120))
def test_damage_is_a_refusal_and_nothing_else(changes: list[tuple[int, int]], length: int) -> None:
    content = bytearray(insert_chunk(png.encode(IMAGE), write_chunk(b"tEXt", b"Comment\0hello"))[:length])
    for place, value in changes:
        content[place % len(content)] = value
    with suppress(Refused):
        assert read(bytes(content)).shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_text_and_profiles_are_not_decompressed(name: bytes) -> None:
    bomb = zlib.compress(bytes(900_000), 9)  # Pillow refuses larger ones by itself
    content = insert_chunk(png.encode(IMAGE), write_chunk(name, b"name\0\0" + bomb))
    read(png.encode(IMAGE))
    tracemalloc.start()
    try:
        found = read(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000
    assert found.tolist() == IMAGE.tolist()
