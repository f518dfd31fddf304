"""The pixel cache: the raw pixels and labels of a dataset in a file, which all processes of a machine map.

A process that maps it neither unpacks the originals nor holds a copy of its own. The SHA-256 of the whole file is the
digest on the dataset's card, so it is verified as any other data. Without a usable directory, a process holds its own.
"""

import fcntl
import logging
import mmap
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.data.card import Card
from service.data.dataset import Dataset
from service.datasets.source import Source
from service.errors import DamagedData

SUFFIX = ".tmp"
"""How the name of a temporary file ends."""

log = logging.getLogger("service")


def load_through_cache(source: Source, folder: Path | None) -> Dataset:
    """The dataset of a source, with its pixels mapped from a file in `folder`, which is made if need be.

    If there is no folder, or the file can be neither read nor made, the pixels are the process's own.

    Raises:
        DamagedData: the originals are damaged, whatever is in the cache.
    """
    restore = source.restore
    if folder is None or restore is None:
        return source.load()
    path = folder / f"{source.card.name}-{source.card.digest}.raw"

    def read() -> Dataset:
        return restore(*_map(path, source.card))

    try:
        return read()
    except (FileNotFoundError, NotADirectoryError):
        dataset = source.load()
    except (OSError, DamagedData) as error:
        dataset = source.load()  # which fails, too, if not the file but an original is damaged
        log.warning("%s is not used: %s", path, error)
    try:
        return _make(path, dataset, read)
    except (OSError, DamagedData) as error:
        log.warning("the pixels of %s are held in memory of this process: %s", source.card.name, error)
        return dataset


def _make(path: Path, dataset: Dataset, read: Callable[[], Dataset]) -> Dataset:
    """The dataset as `read` from its file, which is made unless another process has done so by now.

    One process at a time makes files: all have the same one then, and hold its pixels once.

    Raises:
        OSError: the directory cannot be made, read, locked or written, or is full.
        DamagedData: what was written is not what is read.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(path.parent):
        with suppress(OSError, DamagedData):
            return read()
        _remove_abandoned(path.parent)
        _write(path, dataset)
        return read()


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


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes out, until the block ends or this process does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, dataset: Dataset) -> None:
    """Write the file of a dataset; readers, which need no lock, see nothing or all of it.

    Raises:
        OSError: the directory cannot be written, or is full.
    """
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
    """Remove what writers have left that were killed: whoever has the lock is the only one who writes."""
    for file in folder.glob(f".*{SUFFIX}"):
        with suppress(OSError):
            file.unlink()
