"""Batches of an epoch, fetched ahead over several connections, handed out in order, resumable from three integers."""

import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.client.ahead import Ahead
from service.client.arrow import Rows, read_stream
from service.client.connection import BROKEN, ChangedData, Connection, Value

Layout = Literal["flat", "image", "chw", "hwc"]
Scale = Literal["raw", "unit", "standard"]
Tail = Literal["partial", "drop", "pad"]

RUN_BYTES = 16_000_000
"""Bytes of images that one request asks for: many steps at once, so that asking costs little beside sending."""

BUFFER_BYTES = 262_144
"""Bytes read from a connection at once."""

GROUP_BYTES = 1_000_000
"""Bytes of images that a connection's thread hands over at once."""

GROUPS_AHEAD = 8
"""Groups that are kept ready per connection, while the trainer is busy."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples in a definite order: `x` images, `y` labels (int64), `index` positions in the split (int64).

    In a padded batch the first `valid` rows are real. The arrays are the caller's own: writable, and views of nothing.
    """

    x: NDArray[np.uint8] | NDArray[np.float32]
    y: NDArray[np.int64]
    index: NDArray[np.int64]
    valid: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked for, and of whom: everything that the batches of a run depend on, but for the epoch."""

    connection: Connection
    path: str
    rev: str
    shape: tuple[int, int]
    batch_size: int
    seed: int = 0
    shuffle: bool = True
    rank: int = 0
    world_size: int = 1
    tail: Tail = "partial"
    layout: Layout = "image"
    scale: Scale = "raw"
    members: Mapping[str, Value] = field(default_factory=dict)
    """`label`, `per_class`, `fold`, `folds`, `part`: which samples the epoch visits."""

    @property
    def global_batch(self) -> int:
        """Samples that all ranks take in one step."""
        return self.batch_size * self.world_size

    @property
    def parameters(self) -> dict[str, Value]:
        """The query that all requests of the run share."""
        return {
            "batch_size": self.batch_size,
            "world_size": self.world_size,
            "rank": self.rank,
            "seed": self.seed,
            "shuffle": self.shuffle,
            "tail": self.tail,
            **self.members,
            "rev": self.rev,
        }

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one sample in the layout."""
        height, width = self.shape
        shapes = {
            "flat": (height * width,),
            "image": (height, width),
            "chw": (1, height, width),
            "hwc": (height, width, 1),
        }
        return shapes[self.layout]

    @property
    def dtype(self) -> np.dtype[np.uint8 | np.float32]:
        """The dtype of images on the scale."""
        return np.dtype(np.uint8) if self.scale == "raw" else np.dtype("<f4")

    @property
    def batch_bytes(self) -> int:
        """Bytes of the images of one batch."""
        return self.batch_size * prod(self.image_shape) * self.dtype.itemsize

    @cached_property
    def samples(self) -> int:
        """Number of samples in an epoch."""
        return int(self.connection.json(f"{self.path}/batches/plan", **self.parameters)["epoch_samples"])

    def steps(self, start: int) -> int:
        """Number of steps from `start` to the end of an epoch."""
        left = max(0, self.samples - start)
        return left // self.global_batch if self.tail == "drop" else -(-left // self.global_batch)

    def fetch(self, epoch: int, start: int, steps: int) -> Iterator[Batch]:
        """Consecutive batches of an epoch, as they come; after a broken connection it goes on where it broke.

        Raises:
            ChangedData: the service holds other data than when the run began.
            ProblemError: it refuses for another reason.
            Unreachable: it does not answer.
        """
        path, done, failures = f"{self.path}/batches", 0, 0
        while done < steps:
            here = start + done * self.global_batch
            query: dict[str, Value] = {**self.parameters, "epoch": epoch, "start": here, "steps": steps - done}
            try:
                with self.connection.open(path, **query, layout=self.layout, scale=self.scale, format="arrow") as body:
                    for rows in read_stream(io.BufferedReader(body, BUFFER_BYTES), self.dtype, self.image_shape):
                        yield self._batch(rows, start + done * self.global_batch)
                        done, failures = done + 1, 0
            except BROKEN as error:
                failures += 1
                self.connection.wait(path, failures, error)

    def _batch(self, rows: Rows, start: int) -> Batch:
        real = range(start, min(self.samples, start + self.global_batch))[self.rank :: self.world_size]
        return Batch(rows.image, rows.label, rows.index, len(real))


class Batches:
    """An iterable of the batches of an epoch; each pass over it is one epoch, and the next pass is the next epoch.

    `state_dict()` inside a loop counts the batches handed out, whatever was fetched ahead; a pass after
    `load_state_dict()` goes on from there, on as many ranks as it likes.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        epoch: int = 0,
        start: int = 0,
        connections: int = 2,
        progress: bool = False,
    ) -> None:
        """Fetch over so many `connections` at once; `progress` draws a bar (tqdm)."""
        self.plan = plan
        self.connections = connections
        self.progress = progress
        self._epoch = epoch
        self._begin = start
        self._done = start

    @property
    def epoch(self) -> int:
        """The epoch that the next pass visits, or the present one does."""
        return self._epoch

    def __len__(self) -> int:
        """Return the number of batches in the next pass."""
        return self.plan.steps(self._begin)

    def set_epoch(self, epoch: int) -> None:
        """Visit this epoch, from its beginning, in the next pass."""
        self._epoch, self._begin, self._done = epoch, 0, 0

    def state_dict(self) -> dict[str, int | str]:
        """Where the run stands: `seed`, `epoch`, `start` (samples consumed by all ranks), and the data's `rev`."""
        return {"seed": self.plan.seed, "epoch": self._epoch, "start": self._done, "rev": self.plan.rev}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a run stood.

        Raises:
            ChangedData: that run used other data.
            ValueError: it used another seed.
        """
        if state["rev"] != self.plan.rev:
            raise ChangedData(
                409, "changed-data", f"The state is of revision {state['rev']}, the data here is {self.plan.rev}."
            )
        if state["seed"] != self.plan.seed:
            raise ValueError(f"The state is of seed {state['seed']}, this run has {self.plan.seed}: give it that seed.")
        self._epoch = int(state["epoch"])
        self._begin = self._done = int(state["start"])

    def __iter__(self) -> Iterator[Batch]:
        """Give the batches of one pass, in order."""
        steps = self.plan.steps(self._begin)
        batches = self._bar(self._ordered(steps), steps) if self.progress else self._ordered(steps)
        self._done = self._begin
        for batch in batches:
            self._done = min(self.plan.samples, self._done + self.plan.global_batch)
            yield batch
        self._epoch, self._begin, self._done = self._epoch + 1, 0, 0

    def step(self, number: int) -> Batch:
        """One batch of the next pass, counted from 0: for loaders that ask by number.

        Raises:
            IndexError: the pass has fewer steps.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"The pass has steps 0 to {len(self) - 1}, and none at {number}.")
        (batch,) = self.plan.fetch(self._epoch, self._begin + number * self.plan.global_batch, 1)
        return batch

    def _ordered(self, steps: int) -> Iterator[Batch]:
        """The batches of a pass: long runs of them, over several connections at once, one run after the other."""
        epoch, begin, size = self._epoch, self._begin, self.plan.global_batch
        run = max(1, RUN_BYTES // self.plan.batch_bytes)
        group = max(1, GROUP_BYTES // self.plan.batch_bytes)
        firsts = iter(range(0, steps, run))

        def begun(first: int) -> Ahead[Batch]:
            fetched = self.plan.fetch(epoch, begin + first * size, min(run, steps - first))
            return Ahead(fetched, group=group, most=GROUPS_AHEAD)

        under_way = deque(begun(first) for first in islice(firsts, self.connections))
        try:
            while under_way:
                yield from under_way[0]
                under_way.popleft()
                under_way.extend(begun(first) for first in islice(firsts, 1))
        finally:
            for one in under_way:
                one.stop()

    def _bar(self, batches: Iterator[Batch], steps: int) -> Iterator[Batch]:
        from tqdm.auto import tqdm  # noqa: PLC0415 - only who asks for a bar needs it

        bar: Callable[..., Iterator[Batch]] = tqdm
        return iter(bar(batches, total=steps, desc=f"epoch {self._epoch}", unit="batch"))

    def beginning(self, epoch: int, start: int = 0) -> "Batches":
        """The same run from elsewhere, without a word to this one."""
        return Batches(self.plan, epoch=epoch, start=start, connections=self.connections, progress=self.progress)

    def on_rank(self, rank: int, world_size: int) -> "Batches":
        """The same run as another rank sees it."""
        plan = replace(self.plan, rank=rank, world_size=world_size)
        return Batches(plan, epoch=self._epoch, start=self._begin, connections=self.connections)
