"""Makes the axes anew, from each dataset's reference split (`make axes`)."""

import json
from pathlib import Path

from service.data.axes import Axes
from service.data.projection import compute_axes
from service.datasets import SOURCES


def format_axes(axes: Axes) -> str:
    """Axes as JSON, on one line."""
    facts = {
        "split": axes.split,
        "explained": axes.explained,
        "centre": axes.centre,
        "directions": axes.directions.tolist(),
    }
    return json.dumps(facts, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    for source in SOURCES:
        data = source.load()
        axes = compute_axes(data.split(data.card.reference))
        (Path(__file__).parent / f"{data.card.name}.json").write_text(format_axes(axes))
