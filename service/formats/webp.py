"""WebP, lossless: the same pixels as PNG in fewer bytes."""

import io
from functools import lru_cache

from PIL import Image

from service.formats.format import Cost, Format, Size
from service.formats.png import CAPTION, sample
from service.formats.render import Paint, Picture, RenderOptions, pixel_cost, split_bands

LONGEST = 16_383
"""Pixels a side that the format has room for."""

BYTES = 20.0
"""Measured bytes a pixel that drawing and compressing takes at most; libwebp takes 17 of them."""

LARGEST = 8_000_000
"""Pixels of a picture that is encoded within 160 MB, and copied within 10 ms while the interpreter's lock is held."""


def encode(ink: Picture, paint: Paint = lambda band: band) -> bytes:
    """A picture as lossless WebP; `paint` gives the ink its colours, some rows at a time.

    Grey becomes RGB, because WebP has no grey. The picture is filled in bands, because Pillow converts under the
    interpreter's lock, and so would stop an event loop for as long as a whole sheet takes. What remains is one copy by
    its encoder, a millisecond per million pixels.
    """
    height, width = ink.shape[:2]
    mode = "RGBA" if paint(ink[:1, :1]).size in (2, 4) else "RGB"
    picture, top = Image.new(mode, (width, height)), 0
    for band in split_bands(ink):
        picture.paste(Image.fromarray(paint(band)).convert(mode), (0, top))
        top += len(band)
    file = io.BytesIO()
    picture.save(file, "WEBP", lossless=True, quality=20, method=2, exact=True)
    return file.getvalue()


@lru_cache(maxsize=64)
def webp(options: RenderOptions) -> Format:
    """The format that draws one sample with these options."""
    return Format(
        name="webp",
        media_type="image/webp",
        suffix="webp",
        encode=lambda batch: encode(sample(batch, options)),
        costs=Cost(
            call=65 + CAPTION * options.captioned,
            raw=options.scale**2 * pixel_cost(options, plain=8, colour=8, alpha=1),
        ),
        sizes=Size(raw=options.scale**2 * BYTES),
    )
