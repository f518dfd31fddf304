"""The pixel cache: the raw pixels and labels of a dataset in a file, which all processes of a machine map.

A process that maps it neither unpacks the originals nor holds a copy of its own. The SHA-256 of the whole file is the
digest on the dataset's card, so it is verified as any other data. Without a usable directory, a process holds its own.
"""

import logging
import mmap
import os
import stat
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.data.card import Card
from service.data.dataset import Dataset
from service.datasets.source import Source
from service.errors import DamagedData

ABANDONED_SECONDS = 600
"""Age at which a temporary file must have been left by a process that was killed; writing one takes less than 1 s."""

SUFFIX = ".tmp"
"""How the name of a temporary file ends."""

log = logging.getLogger("service")


def load_through_cache(source: Source, folder: Path | None) -> Dataset:
    """The dataset of a source, with its pixels mapped from a file in `folder`, which is made if need be.

    If there is no folder, or the file can be neither read nor made, the pixels are the process's own.

    Raises:
        DamagedData: the originals are damaged, whatever is in the cache.
    """
    if folder is None or source.restore is None:
        return source.load()
    path = folder / f"{source.card.name}-{source.card.digest}.raw"
    try:
        return source.restore(*_map(path, source.card))
    except (FileNotFoundError, NotADirectoryError):
        dataset = source.load()
    except (OSError, DamagedData) as error:
        dataset = source.load()  # which fails, too, if not the file but an original is damaged
        log.warning("%s is not used: %s", path, error)
    try:
        _write(path, dataset)
        return source.restore(*_map(path, source.card))
    except (OSError, DamagedData) as error:
        log.warning("the pixels of %s are held in memory of this process: %s", source.card.name, error)
        return dataset


def _map(path: Path, card: Card) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images uint8 `(n, height, width)` and labels uint8 `(n,)`, both read-only: parts of a mapped file.

    Raises:
        OSError: it cannot be read, has another size, or somebody else could change it after it was verified.
    """
    n = len(card.splits["all"])
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != n * (card.pixels + 1):
            raise OSError("it is no file of the right size")
        if facts.st_uid not in (0, os.geteuid()) or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise OSError("another user could change it")
        content = np.frombuffer(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ), np.uint8)
    finally:
        os.close(descriptor)
    return content[: n * card.pixels].reshape(n, card.height, card.width), content[n * card.pixels :]


def _write(path: Path, dataset: Dataset) -> None:
    """Write the file of a dataset; others see nothing or all of it, and of several writers one wins.

    Raises:
        OSError: the directory cannot be made or written, or is full.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_abandoned(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=SUFFIX)  # for its owner alone, mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(dataset.images.data)
            file.write(dataset.labels.astype(np.uint8).data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _remove_abandoned(folder: Path) -> None:
    """Remove what writers have left that were killed."""
    for file in folder.glob(f".*{SUFFIX}"):
        try:
            if time.time() - file.stat().st_mtime > ABANDONED_SECONDS:
                file.unlink()
        except OSError:
            pass  # its writer has finished, or another process removes it
