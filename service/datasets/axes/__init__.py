"""The axes of each dataset's map: its first two principal components, made beforehand by `make axes`."""

import json
from functools import cache
from importlib.resources import files

import numpy as np

from service.data.projection import Axes
from service.errors import Unknown


@cache
def axes(dataset: str) -> Axes:
    """The axes of the dataset of this name.

    Raises:
        Unknown: it has none.
    """
    known = {one.name.removesuffix(".json"): one for one in files(__name__).iterdir() if one.name.endswith(".json")}
    if dataset not in known:
        raise Unknown("projection of the dataset", dataset, sorted(known))
    facts = json.loads(known[dataset].read_text())
    directions = np.array(facts["directions"], np.int64)
    directions.flags.writeable = False
    return Axes(
        split=facts["split"],
        explained=tuple(facts["explained"]),
        centre=tuple(facts["centre"]),
        directions=directions,
    )
