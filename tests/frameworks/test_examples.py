"""The examples of the documents that need a framework, run as their readers would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ADDRESS, find_blocks, find_imports, needs_framework
from tests.processes import ROOT

EXAMPLES = [pytest.param(code, id=place) for place, _, code in find_blocks("python") if needs_framework(code)]


def run(*command: str | Path, folder: Path) -> str:
    """Run a Python program to its end, which must be a success, and return what it printed."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "clients" / "python")])
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={
            "KERAS_BACKEND": "torch",
            "OMP_NUM_THREADS": "1",
            **os.environ,
            "KERAS_HOME": str(folder / "keras"),  # what an example downloads is kept nowhere else
            "PYTHONPATH": path,
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("code", EXAMPLES)
def test_every_example_runs(url: str, tmp_path: Path, code: str) -> None:
    program = tmp_path / "example.py"
    program.write_text(code.replace(ADDRESS, url), encoding="utf-8")
    run(program, folder=tmp_path)


def test_there_is_an_example_for_every_framework() -> None:
    used = {name for _, _, code in find_blocks("python") for name in find_imports(code)}
    assert {"accelerate", "jax", "keras", "lightning", "tensorflow", "torch", "torchdata", "transformers"} <= used


@pytest.mark.timeout(300)
def test_a_small_network_reaches_98_percent_in_one_epoch(url: str, tmp_path: Path) -> None:
    told = run("-W", "error", "-m", "examples.cnn", "--url", url, folder=tmp_path)
    assert float(told.removeprefix("accuracy ")) >= 0.98
