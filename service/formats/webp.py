"""WebP, lossless: the same pixels as PNG in fewer bytes."""

import io

from PIL import Image

from service.formats.format import Cost, Format
from service.formats.png import sample
from service.formats.render import Picture, RenderOptions

LONGEST = 16_383
"""Pixels a side that the format has room for."""


def encode(picture: Picture) -> bytes:
    """A picture as lossless WebP; grey becomes RGB, because WebP knows no grey."""
    file = io.BytesIO()
    alpha = picture.ndim == 3 and picture.shape[2] in (2, 4)
    Image.fromarray(picture).convert("RGBA" if alpha else "RGB").save(
        file, "WEBP", lossless=True, quality=20, method=2, exact=True
    )
    return file.getvalue()


def webp(options: RenderOptions) -> Format:
    """The format that draws one sample in a options."""
    return Format(
        name="webp",
        media_type="image/webp",
        suffix="webp",
        encode=lambda batch: encode(sample(batch, options)),
        costs=Cost(fixed=100),
    )
