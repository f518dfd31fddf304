"""SVG: the rectangles are the pixels."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from service.data.selection import Selection
from service.datasets.digits import SOURCE
from service.formats.render import RenderOptions, draw, to_grey
from service.formats.svg import encode


@pytest.mark.parametrize(
    "options", [RenderOptions(), RenderOptions(invert=True), RenderOptions(cmap="viridis"), RenderOptions(scale=9)]
)
def test_rectangles_are_the_pixels(options: RenderOptions) -> None:
    batch = Selection.of(SOURCE.load().split("all")).one(17).batch()
    image = to_grey(batch.flat.reshape(8, 8), 16)
    root = ET.fromstring(encode(batch, options))  # noqa: S314 - our own
    paint = np.zeros((8, 8, 3), np.uint8)
    for shape in root.findall("{*}rect"):
        x, y = int(shape.get("x", 0)), int(shape.get("y", 0))
        width, height = int(shape.attrib["width"]), int(shape.attrib["height"])
        paint[y : y + height, x : x + width] = list(bytes.fromhex(shape.attrib["fill"][1:]))
    expected = draw(image, RenderOptions(cmap=options.cmap, invert=options.invert))
    assert np.array_equal(paint, np.broadcast_to(np.atleast_3d(expected), (8, 8, 3)))
    assert root.attrib["width"] == str(8 * options.scale)


def test_runs_are_as_long_as_they_can_be() -> None:
    batch = Selection.of(SOURCE.load().split("all")).one(0).batch()
    shapes = ET.fromstring(encode(batch, RenderOptions(transparent=True))).findall("{*}rect")  # noqa: S314
    spans = [(int(one.attrib["y"]), int(one.attrib["x"]), int(one.attrib["width"]), one.attrib) for one in shapes]
    for (row, x, width, one), (next_row, next_x, _, other) in pairwise(spans):
        assert row != next_row or x + width < next_x or one["fill-opacity"] != other["fill-opacity"]
    assert all(one["fill"] == "#ffffff" for *_, one in spans)
