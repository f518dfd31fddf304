"""The command line: `python -m benchmarks`, whose option `--help` lists the others."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence

from benchmarks import batches, heavy, overload, peers, routes, stalls, training, workers
from benchmarks.load import demand_wrk
from benchmarks.server import Cores

TABLES = ("routes", "batches", "training", "stalls", "heavy", "overload", "workers")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the arguments say, and return the exit code."""
    chosen = _parser().parse_args(arguments)
    if chosen.peers or chosen.only in (None, "routes", "batches", "workers"):
        demand_wrk()
    began, cores = time.monotonic(), Cores.found()
    os.sched_setaffinity(0, {cores.load})
    rounds = 1 if chosen.quick else chosen.rounds
    print(f"# Benchmarks\n\n{platform.processor() or platform.machine()}, Python {platform.python_version()}.")
    print(f"Server on core {cores.server}, load on core {cores.load}; medians of {rounds} rounds of 1 s, by turns.")
    print(
        "Whether a ratio to the bare application is reached is told by processor time, which neighbours disturb least."
    )
    if chosen.peers:
        peers.run(cores, chosen.peers, rounds=rounds)
    else:
        if chosen.only in (None, "routes"):
            routes.run(cores, rounds=rounds, quick=chosen.quick)
        if chosen.only in (None, "batches"):
            batches.run(cores, rounds=rounds)
        if chosen.only in (None, "training"):
            training.run(cores, chosen.torch, rounds=rounds)
        if chosen.only in (None, "stalls"):
            stalls.run(cores)
        if chosen.only in (None, "heavy"):
            heavy.run(cores)
        if chosen.only in (None, "workers"):
            workers.run(cores, rounds=rounds)
        if chosen.only in (None, "overload"):
            overload.run(cores, minutes=0 if chosen.quick else chosen.minutes)
    print(f"\nMeasured in {time.monotonic() - began:.0f} s.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The service beside a bare application.")
    parser.add_argument("--only", choices=TABLES, help="one kind of table; without it, all")
    parser.add_argument("--quick", action="store_true", help="one round of the requests that have a target")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds of a second for each server (3)")
    parser.add_argument("--minutes", type=float, default=2, metavar="N", help="of the test of endurance (2)")
    parser.add_argument(
        "--torch",
        metavar="PYTHON",
        help="run training loops in the environment of this Python, with torch, torchvision",
    )
    parser.add_argument(
        "--peers",
        metavar="PYTHON",
        help="beside Tiled, ROAPI and Datasette, where the environment of this Python has them",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
