"""The programs print what is in a split: exactly what the original data hold."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.engines.originals import Rows, read_originals
from tests.processes import ROOT, RunningServer


@pytest.fixture(scope="module")
def training_rows() -> Rows:
    """The original 60,000 samples to train with."""
    return read_originals("train")


@pytest.mark.parametrize("program", ["on_ray", "on_dask", "on_spark"])
def test_a_program_prints_the_counts_and_saves_the_mean_images(
    program: str, replicas: list[RunningServer], training_rows: Rows, tmp_path: Path
) -> None:
    urls, file = [one.url for one in replicas], tmp_path / "means.npy"
    command = [sys.executable, "-m", f"examples.engines.{program}", *urls, "--partitions", "5", "--save", str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr

    printed = dict(line.split(" ", 1) for line in ended.stdout.splitlines() if line.startswith(("counts", "means")))
    counts = np.bincount(training_rows.label)
    means = np.array([training_rows.image[training_rows.label == label].mean(axis=0) for label in range(10)])
    assert printed["counts"] == " ".join(map(str, counts))
    assert printed["means"] == " ".join(f"{mean:.3f}" for mean in means.mean(axis=1))
    assert np.array_equal(np.load(file), means)
