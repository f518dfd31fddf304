"""A Source: a dataset that can be loaded. And the reading of a file that must be exactly the one we know."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.data.card import Card
from service.data.dataset import Dataset
from service.errors import DamagedData

Restore = Callable[[NDArray[np.uint8], NDArray[np.uint8]], Dataset]
"""Makes a dataset of images and labels that were unpacked before; verifies them, the originals and all the rest."""


@dataclass(frozen=True)
class Source:
    """A Card and the function that loads and verifies what it describes.

    A large dataset also has `restore`, so that its pixels can be kept unpacked.
    """

    card: Card
    load: Callable[[], Dataset]
    restore: Restore | None = None


def pinned_bytes(path: Path, sha256: str) -> bytes:
    """The content of a file whose SHA-256 is known.

    Raises:
        DamagedData: the file is missing, unreadable, or another one.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedData(
            f"{path.name} cannot be read ({error.strerror}), expected SHA-256 {sha256}; reinstall the package."
        ) from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DamagedData(f"{path.name} is damaged: SHA-256 {found}, expected {sha256}; reinstall the package.")
    return content
