"""Training loops: how fast ready float32 images arrive from memory, from the service, and from local files."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks import table
from benchmarks.loops import Task
from benchmarks.server import Cores, Server, service
from benchmarks.table import Table
from benchmarks.trainer import Trainer, training, unpack_originals
from benchmarks.ways import (
    ARRAYS,
    CLIENT,
    FILES_2,
    FLOATS,
    LOADER,
    LOADER_2,
    MEMORY,
    WAYS,
    Pace,
    Way,
    fresh,
    measure_paces,
)

SIZES = (64, 256, 1_024)
"""Batch sizes."""

RANKS = 8

EPOCHS = 8
"""Epochs of a turn in which ranks are compared, and in which gaps between epochs are looked for."""

NOTES = (
    "Ready float32 images (NCHW) of MNIST in random order; the loop does nothing with them. The best of several turns.",
    "The server has one core and the loop the other; workers may use both.",
)

Paces = Mapping[tuple[Way, int], Pace]
"""The pace of each way that was measured, at each batch size."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is compared, and the bound for it at batches of at least `smallest`."""

    bound: float | None
    smallest: int = 0
    most: bool = False

    def describe(self) -> str:
        """The bound in words."""
        if self.bound is None:
            return ""
        sign = "≤" if self.most else "≥"
        return f"{sign} {self.bound:g}" + (f" from {self.smallest} on" if self.smallest else "")

    def judge(self, figures: Mapping[int, float]) -> str:
        """Whether the figures of all batch sizes are within the bound."""
        counted = [figure for size, figure in figures.items() if size >= self.smallest]
        return table.reached(max(counted) if self.most else min(counted), self.bound, most=self.most)


RATIOS = (
    ("client, of pyarrow's stream of floats", CLIENT, FLOATS, Target(bound=2.0)),
    ("`Loader`, of the client", LOADER, CLIENT, Target(bound=0.9)),
    ("`Loader` with 2 workers, of `Loader` without", LOADER_2, LOADER, Target(bound=1.0)),
    ("`Loader`, of torchvision with 2 workers", LOADER, FILES_2, Target(bound=None)),
)
"""Name, one way, the other, and the target of the ratio of their rates."""

OF_MEMORY = Target(bound=0.8, smallest=256)
"""Least rate of the client, in that of memory: of torch's tensors where torch is there, else of NumPy's arrays."""


def run(cores: Cores, python: str | None, *, rounds: int) -> None:
    """Measure and print; `python` is the interpreter of an environment with torch and torchvision."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        unpack_originals(directory)
        ours = stack.enter_context(service(cores.server))
        start = partial(training, python or sys.executable, ours.url, directory, core=cores.load)
        trainers = [stack.enter_context(start()) for _ in range(RANKS)]
        paces = _measure_ways(ours, trainers[0], turns=1 + 2 * rounds)
        rows = Table("Training loop, compared", ("what", "target", *(f"{size:,}" for size in SIZES), "reached"))
        rows.begin()
        _compare_ways(rows, paces, trainers[0])
        ranks = {size: statistics.median(_repeat(partial(compare_ranks, trainers, size), rounds)) for size in SIZES}
        _add(rows, f"{RANKS} ranks together, of one", ranks, Target(bound=0.8))
        for forever, name in ((False, "passes"), (True, "`forever()`")):
            gap = partial(measure_gap, trainers[0], forever=forever)
            gaps = {size: min(_repeat(partial(gap, size), 2 + rounds)) for size in SIZES}
            _add(rows, f"longest gap between epochs, {name}, in batches", gaps, Target(bound=1.0, most=True))


def _measure_ways(ours: Server, trainer: Trainer, *, turns: int) -> Paces:
    """Measure every way whose package is there, and print a row for each of all."""
    columns = ("batch size", "way", "thousand samples/s", "server, CPU µs/sample", "loop, CPU µs/sample")
    rows = Table("Training loop", columns, NOTES)
    rows.begin()
    paces: dict[tuple[Way, int], Pace] = {}
    for size in SIZES:
        found = measure_paces(ours, trainer, [way for way in WAYS if trainer.has(way.needs)], size=size, turns=turns)
        for way in WAYS:
            rows.add(f"{size:,}", way.name, *(_describe(way, found[way]) if way in found else _describe_missing(way)))
        paces |= {(way, size): pace for way, pace in found.items()}
    return paces


def _describe(way: Way, pace: Pace) -> tuple[str, str, str]:
    server = table.count(pace.server) if way.served else ""
    return table.count(pace.rate / 1e3), server, table.count(pace.trainer)


def _describe_missing(way: Way) -> tuple[str, str, str]:
    return f"not measured: `--torch` names no Python with {way.needs}", "", ""


def _compare_ways(rows: Table, paces: Paces, trainer: Trainer) -> None:
    memory = MEMORY if trainer.has(MEMORY.needs) else ARRAYS
    for name, one, other, target in ((f"client, of {memory.name}", CLIENT, memory, OF_MEMORY), *RATIOS):
        if not (trainer.has(one.needs) and trainer.has(other.needs)):
            rows.add(name, target.describe(), *[""] * len(SIZES), "not measured")
        else:
            _add(rows, name, {size: paces[one, size].rate / paces[other, size].rate for size in SIZES}, target)


def _add(rows: Table, name: str, figures: Mapping[int, float], target: Target) -> None:
    rows.add(name, target.describe(), *map(table.ratio, figures.values()), target.judge(figures))


def _repeat(measure: Callable[[], float], turns: int) -> list[float]:
    """What so many turns measure after one that loads what is needed."""
    return [measure() for _ in range(1 + turns)][1:]


def compare_ranks(trainers: list[Trainer], size: int) -> float:
    """The rate of a process for each rank, all together, in that of one process that reads everything."""
    alone = time_together(trainers[:1], size)
    return alone / time_together(trainers, size)


def time_together(trainers: list[Trainer], size: int) -> float:
    """Seconds in which so many ranks read the same epochs, each its part, in batches of `size` a rank."""
    task = new_epochs(size)
    began = time.perf_counter()
    for rank, trainer in enumerate(trainers):
        trainer.begin(replace(task, rank=rank, world_size=len(trainers)))
    for trainer in trainers:
        trainer.end()
    return time.perf_counter() - began


def measure_gap(trainer: Trainer, size: int, *, forever: bool) -> float:
    """The longest gap between epochs, in batches."""
    return trainer.gap(new_epochs(size), forever=forever)


def new_epochs(size: int) -> Task:
    """Several epochs that nobody has asked for."""
    numbers = [next(fresh) for _ in range(EPOCHS)]
    return Task(loop="client", batch_size=size, epoch=numbers[0], epochs=EPOCHS)
