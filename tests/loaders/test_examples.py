"""The examples of the documents that need a loader of another library, run as their readers would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ADDRESS, LOADERS, find_blocks, find_imports, needs_loader
from tests.processes import ROOT

PREPARATION = {"torchvision": "import tests.loaders.torchvision_datasets\n"}
"""What comes before an example that imports a library."""

EXAMPLES = [pytest.param(code, id=place) for place, _, code in find_blocks("python") if needs_loader(code)]


@pytest.mark.parametrize("code", EXAMPLES)
def test_every_example_runs(url: str, tmp_path: Path, code: str) -> None:
    program = tmp_path / "example.py"
    before = "".join(PREPARATION.get(name, "") for name in find_imports(code))
    program.write_text(before + code.replace(ADDRESS, url), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_there_is_an_example_for_every_loader() -> None:
    used = {name for _, _, code in find_blocks("python") for name in find_imports(code)}
    assert set(LOADERS) <= used
