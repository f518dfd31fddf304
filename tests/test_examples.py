"""The examples keep what they promise, against a running service."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from tests.processes import ROOT
from tests.sites import Site

QUIET = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Several programs share few cores."""


def start(name: str, url: str, *arguments: object) -> subprocess.Popen[str]:
    """Begin an example as its reader would."""
    command = [sys.executable, "-W", "error", "-m", f"examples.{name}", "--url", url, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=QUIET, stdout=pipe, stderr=pipe, text=True)


def told(running: subprocess.Popen[str]) -> dict[str, str]:
    """What an example printed, by the first word of the line, once it ended well."""
    with running:
        out, err = running.communicate(timeout=100)
    assert running.returncode == 0, err
    return dict(line.split(" ", 1) for line in out.splitlines())


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory whose name is short enough for a socket in it."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def test_logistic_regression_by_partial_fit_reaches_nine_tenths_in_one_epoch(live: Site) -> None:
    assert float(told(start("linear", live.url))["accuracy"]) >= 0.90


def test_the_support_vector_machine_is_as_good_as_in_the_documentation(live: Site) -> None:
    assert float(told(start("svm", live.url))["accuracy"]) >= 0.96


def test_ranks_that_are_killed_end_with_the_weights_of_a_run_that_was_not(live: Site, place: Path) -> None:
    expected = told(start("elastic", live.url, "--checkpoint", place / "whole.npz"))

    checkpoint = ("--checkpoint", place / "elastic.npz", "--every", 10)
    with ExitStack() as ranks:
        two = [
            ranks.enter_context(
                start("elastic", live.url, "--world-size", 2, "--rank", rank, "--batch-size", 128, *checkpoint)
            )
            for rank in range(2)
        ]
        assert two[0].stdout is not None
        while "checkpoint" not in two[0].stdout.readline() or not np.load(place / "elastic.npz")["weights"].any():
            assert two[0].poll() is None, two[0].stderr and two[0].stderr.read()
        for rank in two:
            rank.send_signal(signal.SIGKILL)
    assert [rank.returncode for rank in two] == [-signal.SIGKILL] * 2

    consumed = re.search(r'"start": (\d+)', str(np.load(place / "elastic.npz")["state"]))
    assert consumed is not None
    assert 0 < int(consumed[1]) < 60_000
    resumed = told(start("elastic", live.url, "--world-size", 1, "--batch-size", 256, *checkpoint))
    assert resumed["weights"] == expected["weights"]
    assert np.array_equal(np.load(place / "elastic.npz")["weights"], np.load(place / "whole.npz")["weights"])
    assert float(resumed["accuracy"]) >= 0.90
