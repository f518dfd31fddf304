"""Every file of the package that holds data, damaged: the service says so in a sentence and does not start."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import processes

DATA = sorted(
    str(path.relative_to(processes.ROOT))
    for folder in ("originals", "axes")
    for path in (processes.ROOT / "service" / "datasets" / folder).iterdir()
    if path.suffix in (".gz", ".npy", ".json")
)
"""The files of the package that become values of answers."""


def flip(content: bytes) -> bytes:
    """The middle byte is another one."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes | None]] = {
    "flipped": flip,
    "truncated": lambda content: content[: len(content) // 2],
    "longer": lambda content: content + b"\n",
    "empty": lambda _: b"",
    "missing": lambda _: None,
}
"""What may happen to a file."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(processes.ROOT / "service", folder / "service")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", DATA)
def test_a_file_that_is_damaged_stops_the_service_with_one_sentence(copy: Path, name: str, damage: str) -> None:
    file = copy / name
    content = file.read_bytes()
    harmed = DAMAGE[damage](content)
    if harmed is None:
        file.unlink()
    else:
        file.write_bytes(harmed)
    try:
        assert_refused(copy, file.name)
    finally:
        file.write_bytes(content)


def assert_refused(copy: Path, name: str) -> None:
    """The check ends with 1 and names the file in one line."""
    run = subprocess.run(
        [sys.executable, "-m", "service", "check"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1, run.stderr
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    assert len([line for line in run.stderr.splitlines() if re.search(re.escape(name), line)]) == 1, run.stderr
