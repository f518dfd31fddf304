"""Wheels and the source archive are reproducible: the same files give the same bytes, wherever they are built."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest

from service import __version__
from tests.processes import ROOT

SOURCES = ("service", "clients", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore")
"""What the wheels are built of; the source archive has more of the same kind."""

BUILDS = {
    "service": (".", "wheel", f"digits_service-{__version__}-py3-none-any.whl"),
    "client": ("clients/python", "wheel", f"digits_client-{__version__}-py3-none-any.whl"),
    "archive": (".", "sdist", f"digits_service-{__version__}.tar.gz"),
}
"""Folder, target and file of each distribution."""


def copy_sources(folder: Path, *, mode: int, modified: int) -> None:
    """Copy what the wheels are built of, with these permissions and this time of modification (seconds since 1970)."""
    for name in SOURCES:
        source, copied = ROOT / name, folder / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, copied)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(mode | path.stat().st_mode & 0o100)
            os.utime(path, (modified, modified))


def build(folder: Path, name: str, environment: Mapping[str, str]) -> bytes:
    """The bytes of a distribution that is built in a folder."""
    where, target, file = BUILDS[name]
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder / "dist")]
    variables = {key: one for key, one in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    subprocess.run(
        command, cwd=folder / where, env={**variables, **environment}, check=True, capture_output=True, timeout=100
    )
    return (folder / "dist" / file).read_bytes()


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two copies that differ in place, permissions and times, and in what running and testing leaves behind."""
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("another-place")
    copy_sources(one, mode=0o644, modified=1_000_000_000)
    copy_sources(other, mode=0o600, modified=1_700_000_000)
    litter = other / "service" / "__pycache__"
    litter.mkdir(exist_ok=True)
    (litter / "made.cpython-399.pyc").write_bytes(b"left by a run")
    return one, other


@pytest.fixture(scope="module")
def built(copies: tuple[Path, Path]) -> dict[str, bytes]:
    """Every distribution, built in the first copy."""
    return {name: build(copies[0], name, {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C"}) for name in BUILDS}


@pytest.mark.parametrize("name", BUILDS)
def test_the_same_files_give_the_same_bytes(copies: tuple[Path, Path], built: dict[str, bytes], name: str) -> None:
    other = copies[1]
    assert built[name] == build(other, name, {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8"})


def test_the_wheel_holds_the_package_and_nothing_else(built: dict[str, bytes]) -> None:
    with zipfile.ZipFile(BytesIO(built["service"])) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = [path for path in (ROOT / "service").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert names == {path.relative_to(ROOT).as_posix() for path in files}
