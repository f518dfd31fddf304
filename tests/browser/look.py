"""Looks at what a page shows: screenshots as arrays, and what axe finds."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page

from tests.browser import stage

VISIBLE = 100
"""Levels of 255 by which ink differs at least from the page around it."""


COLOUR_RULES = ("color-contrast", "link-in-text-block")
"""Rules of axe that depend on colours: in a dark page, names, roles and sizes are those of the light one."""


def find_faults(page: Page, *, rules: Sequence[str] = ()) -> list[object]:
    """What axe finds on a page, by all its rules or by some: the rules that are broken, and where."""
    if not page.evaluate("'axe' in window"):
        # As a script element it would be kept out by the page's own policy.
        page.evaluate((stage.package("axe-core") / "axe.min.js").read_text())
    ask = "(rules) => axe.run(rules.length ? { runOnly: rules } : {}).then(({ violations }) => violations)"
    found = page.evaluate(ask, list(rules))
    return [(fault["id"], [(node["target"], node["html"]) for node in fault["nodes"]]) for fault in found]


def measure_ink(element: Locator) -> float:
    """The share of an element's pixels that differ plainly from the page beside it."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    assert box is not None, "the element is not shown"
    left, top = max(0, round(box["x"])), max(0, round(box["y"]))
    beside = (left - max(0, left - 2), top - max(0, top - 2))
    clip = FloatRect(
        x=left - beside[0],
        y=top - beside[1],
        width=box["x"] + box["width"] - left + beside[0],
        height=box["y"] + box["height"] - top + beside[1],
    )
    picture = read_picture(element.page.screenshot(clip=clip))
    part, paper = picture[beside[1] :, beside[0] :], picture[0, 0]
    assert part.size, "the element is not in view"
    return float((np.abs(part.astype(int) - paper).max(axis=-1) >= VISIBLE).mean())


def read_picture(file: bytes) -> NDArray[np.uint8]:
    """A picture as RGB `(height, width, 3)`."""
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
