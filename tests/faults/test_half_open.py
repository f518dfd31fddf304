"""Half-open connections: the peer has vanished, and the server forgets it by its own timeouts."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.processes import ROOT

PATIENCE = 120
"""Seconds after which a connection is taken for one that stays for ever."""

TIMEOUTS = {f"DIGITS_{name}_SECONDS": "6" for name in ("KEEP_ALIVE", "HEAD", "BODY", "WRITE")}
"""A tenth of those that the service has by default, so that the test ends soon."""


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE + 90)
def test_peers_that_vanish_at_any_stage_are_forgotten() -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root may have a network of its own")
    if shutil.which("iptables") is None:
        pytest.skip("iptables is not installed")
    command = [unshare, "--net", sys.executable, "-m", "tests.faults.vanish", str(PATIENCE)]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **TIMEOUTS},
        capture_output=True,
        text=True,
        timeout=PATIENCE + 80,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["left"] <= 0, told  # one that was there before may have gone as well
