"""The file of row stores: its processes, and disks that are full."""

import resource
import subprocess
import sys

import numpy as np
import pytest

from service.formats.row_file import RowFile, round_up
from tests.processes import ROOT

ROWS = [bytes([number]) * 1_000 for number in range(100)]


def test_processes_share_stores_and_outlive_one_that_is_killed() -> None:
    command = [sys.executable, "-m", "tests.formats.program_of_builders"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_store_for_which_the_disk_has_no_room_is_refused_and_its_room_given_back() -> None:
    file = RowFile(count=2, capacity=1_000_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # a disk of that size, whose signal Python ignores
    try:
        with file.locked(), pytest.raises(OSError, match="too large"):
            file.add(0, ROWS, count=len(ROWS))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (file.is_open(0), file.find(0), file.size) == (False, None, 0)
    with file.locked():
        file.add(1, ROWS, count=len(ROWS))
    store = file.find(1)
    assert store is not None
    assert store.read(np.arange(100)) == b"".join(ROWS)


def test_the_bound_holds_for_all_stores_and_the_gaps_between_them() -> None:
    file = RowFile(count=3, capacity=round_up(100_808) + 100_808)
    with file.locked():
        for number in (0, 2):
            assert file.add(number, ROWS, count=len(ROWS)) == 100_808
        with pytest.raises(OSError, match="need more than"):
            file.add(1, [b""], count=1)
    assert file.size == 2 * 100_808
