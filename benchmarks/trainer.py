"""A Trainer: a process that reads batches in a loop and measures it, in an environment of its own."""

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.loops import Task
from benchmarks.server import PATIENCE, processor_seconds

ROOT = Path(__file__).parent.parent

ORIGINALS = ROOT / "service" / "datasets" / "originals"
"""The files of MNIST, as torchvision downloads them."""


@dataclass(frozen=True)
class Trainer:
    """A running process, and the optional packages that its environment has."""

    process: subprocess.Popen[str]
    packages: frozenset[str]

    def has(self, package: str | None) -> bool:
        """Whether the environment has a package; none is always there."""
        return package is None or package in self.packages

    def read(self, task: Task) -> int:
        """Read everything; the number of samples."""
        self.begin(task)
        return self.end()

    def begin(self, task: Task) -> None:
        """Order to read, and do not wait."""
        self._order(task, gap=False)

    def end(self) -> int:
        """Wait for what was ordered; the number of samples."""
        return int(self._answer())

    def gap(self, task: Task, *, forever: bool) -> float:
        """The longest gap between two epochs, in mean batches; see `reading.measure_gap`."""
        self._order(task, gap=True, forever=forever)
        return float(self._answer())

    def cpu(self) -> float:
        """Seconds of processor time of the process and of its workers."""
        workers = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return sum(processor_seconds(pid) for pid in [self.process.pid, *map(int, workers)])

    def _order(self, task: Task, **values: object) -> None:
        assert self.process.stdin is not None  # noqa: S101 - it is a pipe
        self.process.stdin.write(json.dumps({"task": asdict(task), **values}) + "\n")
        self.process.stdin.flush()

    def _answer(self) -> Any:  # noqa: ANN401 - what the order asked for
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        return read_line(self.process.stdout.readline())


@contextmanager
def training(python: str, url: str, directory: Path, *, core: int) -> Iterator[Trainer]:
    """A trainer on a core for as long as the context lasts.

    Raises:
        RuntimeError: it does not start; `python` lacks a package.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "clients" / "python")))}
    command = ("taskset", "--cpu-list", str(core), python, "-m", "benchmarks.reading", url, str(directory))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - they are pipes
        try:
            yield Trainer(process, frozenset(read_line(process.stdout.readline())))
        finally:
            process.stdin.close()  # the end of its orders
            process.wait(PATIENCE)


def read_line(line: str) -> Any:  # noqa: ANN401 - any JSON
    """The value in a line.

    Raises:
        RuntimeError: the process has ended.
    """
    if not line:
        raise RuntimeError("The trainer has ended; standard error says why.")
    return json.loads(line)


def unpack_originals(directory: Path) -> None:
    """Write the files of MNIST where torchvision looks for them in a directory."""
    raw = directory / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for packed in ORIGINALS.glob("*.gz"):
        with gzip.open(packed) as source, (raw / packed.stem).open("wb") as target:
            shutil.copyfileobj(source, target)
