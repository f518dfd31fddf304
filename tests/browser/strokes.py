"""Digits as a hand draws them: points of a stroke, as shares of the width and the height of a pad."""

from math import cos, radians, sin

from playwright.sync_api import FloatRect

Stroke = list[tuple[float, float]]
"""Where a pen goes."""


def _arc(x: float, y: float, width: float, height: float) -> Stroke:
    """Points of an ellipse from its upper left to its lower left, by its right."""
    turns = [radians(-140 + 10 * step) for step in range(27)]
    return [(x + width * cos(turn), y + height * sin(turn)) for turn in turns]


THREE: Stroke = [*_arc(0.48, 0.32, 0.18, 0.17), *_arc(0.48, 0.67, 0.21, 0.18)]


def place(stroke: Stroke, box: FloatRect) -> Stroke:
    """A stroke in CSS pixels of the page, on a pad that stands in this box."""
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
