"""The programs print what is in a split: exactly what the original data hold."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.engines.originals import Rows, read_originals
from tests.fleet.nginx import find_nginx, run_nginx
from tests.fleet.replica import run_replicas
from tests.processes import ROOT, SERVICE_PYTHON


@pytest.fixture(scope="module")
def training_rows() -> Rows:
    """The original 60,000 samples to train with."""
    return read_originals("train")


@pytest.fixture(scope="module")
def nginx_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two more replicas behind the nginx that is shipped."""
    program = find_nginx()
    if program is None and "CI" not in os.environ:
        pytest.skip("nginx is missing: install the system's package nginx-light")
    assert program is not None, "nginx is missing"
    folder = tmp_path_factory.mktemp("nginx")
    with (
        run_replicas(2, SERVICE_PYTHON) as replicas,
        run_nginx(program, folder, [one.address for one in replicas]) as nginx,
    ):
        yield nginx.url


@pytest.mark.parametrize("program", ["on_ray", "on_dask", "on_spark"])
@pytest.mark.parametrize("place", ["replicas", "nginx"])
def test_a_program_prints_the_counts_and_saves_the_mean_images(
    program: str, place: str, request: pytest.FixtureRequest, training_rows: Rows, tmp_path: Path
) -> None:
    urls = (
        [one.url for one in request.getfixturevalue("replicas")]
        if place == "replicas"
        else [request.getfixturevalue("nginx_url")]
    )
    file = tmp_path / "means.npy"
    command = [sys.executable, "-m", f"examples.engines.{program}", *urls, "--partitions", "5", "--save", str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr

    printed = dict(line.split(" ", 1) for line in ended.stdout.splitlines() if line.startswith(("counts", "means")))
    counts = np.bincount(training_rows.label)
    means = np.array([training_rows.image[training_rows.label == label].mean(axis=0) for label in range(10)])
    assert printed["counts"] == " ".join(map(str, counts))
    assert printed["means"] == " ".join(f"{mean:.3f}" for mean in means.mean(axis=1))
    assert np.array_equal(np.load(file), means)
