"""Starts programs in several processes, as PyTorch's own launcher does: each of them finds its place by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.processes import ROOT

TORCHRUN = ("-m", "torch.distributed.run", "--nnodes=1", "--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0")
"""The launcher, on any free port."""


def launch(program: str, url: str, folder: Path, processes: int, *arguments: object) -> list[Any]:
    """Run a program of this package in so many processes, and return what each of them wrote."""
    folder.mkdir(exist_ok=True)
    launcher = (*TORCHRUN, f"--nproc-per-node={processes}") if processes > 1 else ()
    finished = subprocess.run(
        [sys.executable, *launcher, "-m", f"tests.frameworks.{program}", url, folder, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(processes)]


def interleave(ranks: list[list[list[int]]]) -> list[list[int]]:
    """Return the global batches of two ranks, step by step, or those of one."""
    if len(ranks) == 1:
        return ranks[0]
    whole = []
    for even, odd in zip(*ranks, strict=True):
        step = [0] * (len(even) + len(odd))
        step[::2], step[1::2] = even, odd
        whole.append(step)
    return whole
