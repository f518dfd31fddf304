"""Loops that read training batches: ready float32 images `(n, 1, 28, 28)`, from memory, the service, or local files.

torch and torchvision are imported by the loops that need them. Imports nothing of the service.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from itertools import chain
from typing import Any, Protocol
from urllib.request import urlopen

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from digits_client import Batches, connect

MEAN, DEVIATION = 0.1307, 0.3081
"""Mean and standard deviation of the training split, as torchvision's examples have them."""

FLOATS = "batch_size={}&epoch={}&steps=all&format=arrow&scale=standard&layout=chw"
"""Query of an epoch as one Arrow stream of floats."""


FILE_SAMPLES = 8_192
"""Samples of an epoch of local files, because a whole one takes ten seconds."""


class Images(Protocol):
    """The images of a batch: an array of NumPy, or a tensor of torch."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape `(n, 1, 28, 28)`."""

    @property
    def dtype(self) -> object:
        """The dtype: NumPy's or torch's float32."""


Loaded = tuple[Any, Iterable[tuple[Images, object]]]
"""What moves from epoch to epoch, and the loader of it."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What to read: so many epochs, or a rank's part of them; `workers` is the number of processes of a DataLoader."""

    loop: str
    batch_size: int
    epoch: int
    epochs: int = 1
    rank: int = 0
    world_size: int = 1
    workers: int = 0


class Loops:
    """Ways to read MNIST's training split, by name."""

    def __init__(self, url: str, directory: str) -> None:
        """Read from the service at `url`, and with torchvision from the files in `directory`."""
        self.url = url
        self.directory = directory
        self.split = connect(url).dataset("mnist")["train"]
        self._loaded: dict[tuple[str, int, int], Loaded] = {}

    def read(self, task: Task) -> Iterator[Images]:
        """The images of each batch, of one epoch after the other."""
        if task.loop == "client":
            return self.read_client(task)
        ways: Mapping[str, Callable[[Task], Iterable[Images]]] = {
            "numpy": self.read_arrays,
            "torch": self.read_tensors,
            "pyarrow": self.read_floats,
            "loader": self.read_loader,
            "stream": self.read_loader,
            "torchvision": self.read_torchvision,
        }
        way, numbers = ways[task.loop], range(task.epoch, task.epoch + task.epochs)
        return chain.from_iterable(way(replace(task, epoch=number)) for number in numbers)

    def read_arrays(self, task: Task) -> Iterator[Images]:
        """Read from an array in memory, in random order."""
        order = np.random.default_rng(task.epoch).permutation(len(self.memory))
        for start in range(0, len(order), task.batch_size):
            yield self.memory[order[start : start + task.batch_size]]

    def read_tensors(self, task: Task) -> Iterator[Images]:
        """Read from a tensor in memory, in random order."""
        torch = import_module("torch")
        memory = torch.from_numpy(self.memory)
        order = torch.randperm(len(memory))
        for start in range(0, len(order), task.batch_size):
            yield memory[order[start : start + task.batch_size]]

    def read_floats(self, task: Task) -> Iterator[Images]:
        """Read a stream of floats with pyarrow."""
        query = FLOATS.format(task.batch_size, task.epoch)
        with (
            urlopen(f"{self.url}/v1/datasets/mnist/train/batches?{query}") as answer,  # noqa: S310 - our own server
            pa.ipc.open_stream(answer) as stream,
        ):
            for batch in stream:
                yield batch["image"].to_numpy_ndarray()

    def read_client(self, task: Task) -> Iterator[Images]:
        """Read with the client, whose passes over the batches of a run are one epoch after the other."""
        with self.run(task) as batches:
            for _ in range(task.epochs):
                yield from (batch.x for batch in batches)

    def read_loader(self, task: Task) -> Iterator[Images]:
        """Read with the client's loader for torch, or with torch's own of the client's dataset."""
        movable, loader = self._load(task, self._open_loader if task.loop == "loader" else self._open_stream)
        movable.set_epoch(task.epoch)
        return (x for x, _ in loader)

    def read_torchvision(self, task: Task) -> Iterator[Images]:
        """Read the first FILE_SAMPLES samples of local files with torchvision."""
        _, loader = self._load(task, self._open_files)
        return (x for x, _ in loader)

    def _load(self, task: Task, start: Callable[[Task], Loaded]) -> Loaded:
        """The dataset and the loader for a task; they are kept, so that workers live from one epoch to the next."""
        key = task.loop, task.batch_size, task.workers
        if key not in self._loaded:
            self._loaded[key] = start(task)
        return self._loaded[key]

    def _open_loader(self, task: Task) -> Loaded:
        loader = import_module("digits_client.torch").Loader(self.run(task), num_workers=task.workers)
        return loader, loader

    def _open_stream(self, task: Task) -> Loaded:
        stream = import_module("digits_client.torch").Stream(self.run(task))
        return stream, load(stream, batch_size=None, workers=task.workers)

    def _open_files(self, task: Task) -> Loaded:
        transforms, datasets = import_module("torchvision.transforms"), import_module("torchvision.datasets")
        transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((MEAN,), (DEVIATION,))])
        files = datasets.MNIST(self.directory, train=True, transform=transform)
        some = import_module("torch.utils.data").Subset(files, range(FILE_SAMPLES))
        return some, load(some, batch_size=task.batch_size, workers=task.workers, shuffle=True)

    def run(self, task: Task) -> Batches:
        """The client's batches of a task."""
        return self.split.batches(
            task.batch_size,
            epoch=task.epoch,
            rank=task.rank,
            world_size=task.world_size,
            layout="chw",
            scale="standard",
        )

    @cached_property
    def memory(self) -> NDArray[np.float32]:
        """All images, scaled."""
        scaled: NDArray[np.float32] = self.split.images.astype(np.float32)[:, np.newaxis]
        scaled /= 255
        scaled -= MEAN
        scaled /= DEVIATION
        return scaled


def load(
    dataset: object, *, batch_size: int | None, workers: int, shuffle: bool | None = None
) -> Iterable[tuple[Images, object]]:
    """A DataLoader of torch."""
    loader: Iterable[tuple[Images, object]] = import_module("torch.utils.data").DataLoader(
        dataset, batch_size=batch_size, shuffle=shuffle, **_options(workers)
    )
    return loader


def _options(workers: int) -> dict[str, Any]:
    """Options of a DataLoader. Workers may use every core: on that of the loop they could only be slower than none."""
    warnings.filterwarnings("ignore", "This DataLoader will create")  # it counts the loop's own cores
    cores = range(os.cpu_count() or 1)
    return {
        "num_workers": workers,
        "persistent_workers": workers > 0,
        "worker_init_fn": lambda _: os.sched_setaffinity(0, cores),
    }
