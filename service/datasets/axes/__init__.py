"""The axes of each dataset's map: its first two principal components, made beforehand by `make axes`."""

import json
from importlib.resources import files

import numpy as np

from service.data.axes import Axes


def load_axes(name: str) -> Axes:
    """The axes in the file `name`.json of this package."""
    facts = json.loads((files(__name__) / f"{name}.json").read_text())
    directions = np.array(facts["directions"], np.int64)
    directions.flags.writeable = False
    return Axes(
        split=facts["split"],
        explained=tuple(facts["explained"]),
        centre=tuple(facts["centre"]),
        directions=directions,
    )
