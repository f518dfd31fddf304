"""Looks at what a page shows: screenshots as arrays."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator

VISIBLE = 100
"""Levels of 255 by which ink differs at least from the page around it."""


def measure_ink(element: Locator) -> float:
    """The share of an element's pixels that differ plainly from the page beside it."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    assert box is not None, "the element is not shown"
    page = element.page
    assert page.viewport_size is not None
    picture = read_picture(page.screenshot())
    left, top = max(0, round(box["x"])), max(0, round(box["y"]))
    part = picture[top : round(box["y"] + box["height"]), left : round(box["x"] + box["width"])]
    paper = picture[max(0, top - 2), max(0, left - 2)]
    assert part.size, "the element is not in view"
    return float((np.abs(part.astype(int) - paper).max(axis=-1) >= VISIBLE).mean())


def read_picture(file: bytes) -> NDArray[np.uint8]:
    """A picture as RGB `(height, width, 3)`."""
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
