"""Half-open connections: the peer has vanished, and the server forgets it by its own timeouts."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.processes import ROOT

PATIENCE = 150
"""Seconds: the longest timeout of a connection is the keep-alive one, 75 seconds."""


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE + 90)
def test_peers_that_vanish_at_any_stage_are_forgotten_with_the_timeouts_as_they_are() -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root may have a network of its own")
    if shutil.which("iptables") is None:
        pytest.skip("iptables is not installed")
    command = [unshare, "--net", sys.executable, "-m", "tests.faults.vanish", str(PATIENCE)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE + 80, check=False)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["left"] == 0, told
