"""Files of packages that are read while the service starts: what they must contain, and reading them. Ground floor.

`python -m service.package` prints the record of this package's own files (`make files`).
"""

import base64
import csv
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from types import MappingProxyType

from service.errors import DamagedData

ROOT = Path(__file__).parent
"""The folder of this package."""

RECORD = ROOT / "files.json"
"""SHA-256 (hex) of each file below that decides bytes of answers, by its path within the package."""

RECORDED = ("**/templates/*.html", "api/checksums.json")
"""Which files the record has. Others are pinned where they are read, or their own digest is in the entity tag."""


@cache
def read_record() -> Mapping[str, str]:
    """SHA-256 (hex) of the files of this release, by their paths within the package.

    Raises:
        DamagedData: the record is missing, unreadable, or not as it was written.
    """
    try:
        content = RECORD.read_bytes()
        record = dict(json.loads(content))
    except (OSError, ValueError, TypeError) as error:
        raise DamagedData(f"{RECORD.name} cannot be read ({error}); reinstall the package.") from None
    if content != write_record(record).encode():
        raise DamagedData(f"{RECORD.name} is not as it was written; reinstall the package, or run `make files`.")
    return MappingProxyType(record)


def digest_record() -> str:
    """The first 12 hex digits of the SHA-256 of the record: another text for other files."""
    return hashlib.sha256(write_record(read_record()).encode()).hexdigest()[:12]


@cache
def read_file(name: str) -> bytes:
    """The content of a file of this package that the record has.

    Raises:
        DamagedData: the file is missing, unreadable, or another one.
    """
    try:
        content = (ROOT / name).read_bytes()
    except OSError as error:
        raise DamagedData(f"{name} cannot be read ({error.strerror}); reinstall the package.") from None
    found, expected = hashlib.sha256(content).hexdigest(), read_record().get(name)
    if found != expected:
        raise DamagedData(
            f"{name} is not the file of this release: SHA-256 {found}, expected {expected}; reinstall the package, "
            "or run `make files` if you have changed it."
        )
    return content


def read_installed(package: str, name: str) -> bytes:
    """The content of a file of another, installed package, compared with the record of its installation.

    `name` is the path below the folder of packages. A package that was installed without digests, as Debian's are, is
    read as it is.

    Raises:
        DamagedData: the package or the file is missing, or the file is not the one that was installed.

    Source: the Python Packaging User Guide, "Recording installed projects", the file RECORD.
    """
    try:
        installed = distribution(package)
        content = Path(str(installed.locate_file(name))).read_bytes()
    except PackageNotFoundError:
        raise DamagedData(f"{package} is not installed; install what the service needs.") from None
    except OSError as error:
        raise DamagedData(f"{name} cannot be read ({error.strerror}); reinstall {package}.") from None
    found = "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    expected = _list_installed(installed).get(name, "")
    if expected and found != expected:
        raise DamagedData(f"{name} is damaged: {found}, expected {expected}; reinstall {package}.")
    return content


def compute_record() -> dict[str, str]:
    """The record of the files as they are now."""
    paths = sorted(path for pattern in RECORDED for path in ROOT.glob(pattern))
    return {path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def write_record(record: Mapping[str, str]) -> str:
    """A record as it is committed."""
    return json.dumps(dict(record), indent=2) + "\n"


def _list_installed(installed: Distribution) -> dict[str, str]:
    """The digests of an installed package's files by name, as its RECORD has them."""
    return dict(_read_lines(installed.read_text("RECORD") or ""))


def _read_lines(text: str) -> Iterator[tuple[str, str]]:
    for line in csv.reader(text.splitlines()):
        yield line[0], line[1]


if __name__ == "__main__":
    sys.stdout.write(write_record(compute_record()))
