"""Keeping a download on disk, so that many processes that start at once fetch it once and never read half of it."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: every process may download, none reads half a file
    fcntl = None  # type: ignore[assignment]


def kept(path: Path, download: Callable[[], bytes], read: Callable[[bytes], T]) -> T:
    """What `read` makes of the content of `path`; where that is missing or damaged, of `download()`, which is kept.

    One process downloads, the others wait for it. `read` raises ValueError for damaged content, which is never kept.
    """
    found = _found(path, read)
    if found is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(path.with_suffix(".lock")):
            found = _found(path, read)
            if found is None:
                content = download()
                found = read(content)
                _write(path, content)
    return found


def _found(path: Path, read: Callable[[bytes], T]) -> T | None:
    """What is kept, if it is there and whole."""
    try:
        return read(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _write(path: Path, content: bytes) -> None:
    """Write a file that is either there and whole, or not there."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, whatever happens to it."""
    with path.open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
