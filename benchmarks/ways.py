"""Ways to read training batches, and the pace of each, measured by turns."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from benchmarks.loops import Task
from benchmarks.server import Server
from benchmarks.trainer import Trainer

FILE_TURNS = 2
"""Turns of reading local files."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to read: its loop, the processes of its DataLoader, and the package that it needs."""

    name: str
    loop: str
    workers: int = 0
    needs: str | None = None

    @property
    def served(self) -> bool:
        """Whether the batches come from the service."""
        return self.loop in {"pyarrow", "client", "loader", "stream"}


@dataclass(frozen=True)
class Pace:
    """Samples a second, and microseconds of the processor a sample: of the server, and of the trainer."""

    rate: float
    server: float
    trainer: float


MEMORY = Way(name="tensors in RAM, random order (torch)", loop="torch", needs="torch")
ARRAYS = Way(name="arrays in RAM, random order (NumPy)", loop="numpy")
FLOATS = Way(name="stream of floats, read by pyarrow", loop="pyarrow")
CLIENT = Way(name="digits_client", loop="client")
LOADER = Way(name="torch `Loader`", loop="loader", needs="torch")
LOADER_2 = Way(name="torch `Loader`, 2 workers", loop="loader", workers=2, needs="torch")
STREAM = Way(name="torch `Stream` in a `DataLoader`", loop="stream", needs="torch")
STREAM_2 = Way(name="torch `Stream` in a `DataLoader`, 2 workers", loop="stream", workers=2, needs="torch")
FILES = Way(name="torchvision on local files", loop="torchvision", needs="torchvision")
FILES_2 = Way(name="torchvision on local files, 2 workers", loop="torchvision", workers=2, needs="torchvision")
WAYS = (MEMORY, ARRAYS, FLOATS, CLIENT, LOADER, LOADER_2, STREAM, STREAM_2, FILES, FILES_2)

fresh = count()
"""Numbers of epochs that nobody has asked for, so that every order is computed anew."""


def measure_paces(ours: Server, trainer: Trainer, ways: Sequence[Way], *, size: int, turns: int) -> dict[Way, Pace]:
    """The best pace of each way in so many turns after one that loads and starts what is needed."""
    found: dict[Way, list[Pace]] = {way: [] for way in ways}
    for turn in range(1 + turns):
        for way in ways:
            if way.loop != "torchvision" or turn <= FILE_TURNS:
                found[way].append(measure_pace(ours, trainer, way, size=size))
    return {way: _best(paces[1:]) for way, paces in found.items()}


def measure_pace(ours: Server, trainer: Trainer, way: Way, *, size: int) -> Pace:
    """The pace of one epoch, of local files a part."""
    task = Task(loop=way.loop, batch_size=size, epoch=next(fresh), workers=way.workers)
    server, cpu = ours.cpu(), trainer.cpu()
    began = time.perf_counter()
    samples = trainer.read(task)
    seconds = time.perf_counter() - began
    return Pace(samples / seconds, (ours.cpu() - server) / samples * 1e6, (trainer.cpu() - cpu) / samples * 1e6)


def _best(paces: Sequence[Pace]) -> Pace:
    return Pace(
        max(pace.rate for pace in paces), min(pace.server for pace in paces), min(pace.trainer for pace in paces)
    )
