"""Keeping a download on disk, so that many processes that start at once fetch it once and never read half of it."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: every process may download, none reads half a file
    fcntl = None  # type: ignore[assignment]


def kept(path: Path, download: Callable[[], bytes]) -> bytes:
    """The content of `path`; where it is missing, `download()`, written beside it and moved into place.

    One process downloads, the others wait for it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(path.with_suffix(".lock")):
            if not path.exists():
                _write(path, download())
    return path.read_bytes()


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
