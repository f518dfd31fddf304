"""A cache of downloads on disk, so that processes that start at once download a file once.

The cache only saves time: where its directory cannot be used, a warning is logged and the download is used as it is.
"""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from digits_client.errors import DamagedDownload

T = TypeVar("T")

logger = logging.getLogger("digits_client")

LOCK_SECONDS = 120.0
"""Seconds to wait for the download of another process, at most."""

DOWNLOADS = 3
"""Downloads until one is whole, at most."""


def load_cached(path: Path | None, download: Callable[[], bytes], parse: Callable[[bytes], T]) -> T:
    """Return what `parse` makes of the file at `path`; if that is missing or damaged, of a download, which is kept.

    Without a path nothing is kept. One process downloads, and the others wait for it.

    Args:
        path: where the file is kept.
        download: returns the content.
        parse: returns a value, or raises DamagedDownload.

    Raises:
        DamagedDownload: several downloads were damaged.
    """
    if path is None:
        return _download_whole(download, parse)[1]
    found = _read_file(path, parse)
    if found is None:
        with _lock(path):
            found = _read_file(path, parse)
            if found is None:
                content, whole = _download_whole(download, parse)
                _write_file(path, content)
                return whole
    return found


def _download_whole(download: Callable[[], bytes], parse: Callable[[bytes], T]) -> tuple[bytes, T]:
    """Return a download that is whole, and what it holds."""
    for attempt in range(1, DOWNLOADS + 1):
        content = download()
        try:
            return content, parse(content)
        except DamagedDownload as error:
            if attempt == DOWNLOADS:
                raise
            logger.warning("%s The client downloads it again.", error)
    raise AssertionError


def _read_file(path: Path, parse: Callable[[bytes], T]) -> T | None:
    """Return what a file holds, if it is there, readable and whole."""
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, DamagedDownload) as error:
        logger.warning("The file %s cannot be used, so it is downloaded: %s", path, error)
        return None


def _write_file(path: Path, content: bytes) -> None:
    """Write a file that is either there and whole or not there; log where that is impossible."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:  # with the permissions that the user's umask leaves, so that others can read it
            file.write(content)
        part.replace(path)
    except OSError as error:
        logger.warning("The download is not kept in the cache: %s", error)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the lock of a file; go on without it where the directory allows none, or another process holds it too long.

    Every user may lock, since a shared cache has many.
    """
    lock = FileLock(path.with_suffix(".lock"), mode=0o666, timeout=LOCK_SECONDS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (OSError, Timeout, NotImplementedError) as error:
        logger.warning("The cache in %s cannot be locked: %s", path.parent, error)
    try:
        yield
    finally:
        lock.release()
