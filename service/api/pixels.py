"""The parameter `pixels`: the bytes of a drawing as text."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

import numpy as np
from numpy.typing import NDArray

from service.data.card import Card
from service.errors import Refused, quote

ALPHABET = re.compile(r"[A-Za-z0-9_-]*")
"""Characters of base64url (RFC 4648, section 5) without padding."""


def encode_pixels(drawing: NDArray[np.uint8]) -> str:
    """A drawing as the parameter `pixels`."""
    return urlsafe_b64encode(drawing.tobytes()).rstrip(b"=").decode()


def decode_pixels(text: str, card: Card) -> NDArray[np.uint8]:
    """The drawing in the parameter `pixels`, uint8 `(pixels,)`.

    Raises:
        Refused: it is not the one way to write as many bytes as an image has pixels, of 0…peak each.
    """
    characters = -(-8 * card.pixels // 6)
    if not ALPHABET.fullmatch(text):
        raise Refused("pixels", "must be base64url without padding: letters, digits, - and _ only")
    if len(text) != characters:
        raise Refused(
            "pixels",
            f"must have {characters} characters, the {card.pixels} bytes of an image of {card.name} in base64url "
            f"without padding, not {len(text)}",
        )
    content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if urlsafe_b64encode(content).rstrip(b"=").decode() != text:
        raise Refused("pixels", f"must not end with {quote(text[-1])}, which has bits beyond the last byte")
    return check_intensities("pixels", content, card)


def check_intensities(name: str, content: bytes, card: Card, *, place: str = "query") -> NDArray[np.uint8]:
    """Bytes as a drawing, uint8 `(pixels,)`.

    Raises:
        Refused: they are too many or too few, or one is above the peak.
    """
    if len(content) != card.pixels:
        wanted = f"{card.pixels} bytes, {card.height} rows of {card.width} pixels of {card.name}"
        raise Refused(name, f"must have {wanted}, not {len(content)}", place=place)
    drawing = np.frombuffer(content, np.uint8)
    bright = np.flatnonzero(drawing > card.peak)
    if len(bright):
        row, column = divmod(int(bright[0]), card.width)
        where = f"in row {row}, column {column}"
        raise Refused(name, f"must be intensities from 0 to {card.peak}, not {drawing[bright[0]]} {where}", place=place)
    return drawing


def draw_stroke(card: Card) -> NDArray[np.uint8]:
    """An upright stroke as large as an image, uint8 `(height, width)`: an example of a drawing."""
    drawing = np.zeros((card.height, card.width), np.uint8)
    margin, middle = card.height // 8, card.width // 2
    drawing[margin : card.height - margin, middle - 1 : middle + 1] = card.peak
    return drawing
