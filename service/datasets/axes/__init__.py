"""The maps of each dataset, made beforehand: its principal components (`make axes`), and t-SNE (`make tsne`)."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.data.axes import Axes
from service.datasets.source import pinned_bytes
from service.errors import DamagedData

FOLDER = Path(__file__).parent
"""Where the files are."""


def load_axes(name: str, *, sha256: str) -> Axes:
    """The principal components in the file `name`.json of this package.

    Raises:
        DamagedData: the file is missing, or is not the one with this SHA-256.
    """
    facts = json.loads(pinned_bytes(FOLDER / f"{name}.json", sha256))
    directions = np.array(facts["directions"], np.int64)
    directions.flags.writeable = False
    return Axes(
        split=facts["split"],
        explained=tuple(facts["explained"]),
        centre=tuple(facts["centre"]),
        directions=directions,
    )


def load_tsne(name: str, *, sha256: str) -> NDArray[np.uint16]:
    """The coordinates in the file `name`-tsne.npy of this package, uint16 `(n, 2)`, read-only.

    Raises:
        DamagedData: the file is missing, is not the one with this SHA-256, or has another dtype.
    """
    content = pinned_bytes(FOLDER / f"{name}-tsne.npy", sha256)
    places = np.load(BytesIO(content), allow_pickle=False)
    if places.dtype != np.uint16:
        raise DamagedData(f"{name}-tsne.npy holds {places.dtype} instead of uint16; make it anew by `make tsne`.")
    places.flags.writeable = False
    return places  # type: ignore[no-any-return] # its dtype has been checked
