"""Training batches and samples for PyTorch's DataLoader. The only module of the client that imports torch.

from digits_client.torch import Samples, Stream

stream = Stream(train.batches(256, seed=7, layout="chw", scale="unit"))
loader = DataLoader(stream, batch_size=None, num_workers=2)
for epoch in range(3):
    stream.set_epoch(epoch)
    for x, y in loader: ...

loader = DataLoader(Samples(train, scale="unit"), batch_size=256, sampler=DistributedSampler(...))
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from digits_client.batch import Batch, Layout, Scale
from digits_client.batches import Batches
from digits_client.cancellation import Cancellation
from digits_client.datasets import Split
from digits_client.errors import StateMismatch
from digits_client.prefetch import Prefetcher
from digits_client.state import State, check_state

STEPS_AHEAD = 4
"""Steps that a worker fetches before they are needed; the DataLoader keeps more (`prefetch_factor`)."""


class Stream(IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """The batches of an epoch as tensors `(x, y)`, for a DataLoader with `batch_size=None`.

    Of n workers, worker w fetches the steps w, w + n, …, and the DataLoader takes from them in turn, so the order is
    the same for any number of workers. The position lies in memory that all workers share; it never advances by
    itself, because workers would not do so together: call `set_epoch` before each pass. torchdata's
    `StatefulDataLoader` saves and restores the position itself, with the same number of workers.
    """

    def __init__(self, batches: Batches) -> None:
        """Begin where `batches` would."""
        state = batches.state_dict()
        self.batches = batches
        self._position = torch.tensor([state["epoch"], state["start"]]).share_memory_()

    def __len__(self) -> int:
        """Return the number of steps in the next pass, of all workers together."""
        return self.batches.request.count_steps(self._start)

    def __iter__(self) -> "StreamIterator":
        """Give the batches of this worker."""
        return StreamIterator(self.batches, self._position)

    def set_epoch(self, epoch: int) -> None:
        """Visit this epoch in the next pass: from its beginning, or, if it is the one at hand, from where that begins.

        So the loop `for epoch in range(state["epoch"], n): stream.set_epoch(epoch)` continues a resumed epoch.
        """
        if epoch != self._epoch:
            self._position.copy_(torch.tensor([epoch, 0]))

    def state_dict(self, steps: int = 0) -> State:
        """Return where the run is after so many steps of this pass, which the caller counts: workers run ahead."""
        request = self.batches.request
        start = min(request.samples, self._start + steps * request.global_batch)
        return {**self.batches.state_dict(), "epoch": self._epoch, "start": start}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state in the next pass.

        Raises:
            ChangedData: the state belongs to another revision of the data.
            StateMismatch: it belongs to a run with other samples or another order; the message names the difference.
        """
        self._position.copy_(torch.tensor(check_state(state, self.batches.request)))

    @property
    def _epoch(self) -> int:
        return int(self._position[0])

    @property
    def _start(self) -> int:
        return int(self._position[1])


class StreamIterator(Iterator[tuple[torch.Tensor, torch.Tensor]]):
    """One pass of one worker. Its state lets torchdata's `StatefulDataLoader` continue within an epoch."""

    def __init__(self, batches: Batches, position: torch.Tensor) -> None:
        """Begin at the position that all workers share: epoch and start."""
        worker = get_worker_info()
        self._worker: int = 0 if worker is None else worker.id
        self._workers: int = 1 if worker is None else worker.num_workers
        self._position = position
        self._batches = batches.copy_at(int(position[0]), int(position[1]))
        self._taken = 0
        self._open: Iterator[Batch] | None = None

    def __next__(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next step of this worker."""
        if self._open is None:
            self._open = self._fetch()
        batch = next(self._open)
        self._taken += 1
        return to_tensors(batch)

    def state_dict(self) -> dict[str, Any]:
        """Return the position of the pass, and how many steps this worker has taken of it."""
        steps = {"steps": self._taken, "worker": self._worker, "workers": self._workers}
        return {**self._pass_state, **steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of the same worker. If that has no step left, the shared position is the next epoch.

        Raises:
            ChangedData: the state belongs to another revision of the data.
            StateMismatch: it belongs to another run or to another number of workers.
        """
        workers = f"{state['worker']} of {state['workers']}"
        if workers != f"{self._worker} of {self._workers}":
            raise StateMismatch(f"The state belongs to worker {workers}, not to {self._worker} of {self._workers}.")
        epoch, start = check_state(state, self._batches.request)
        self._batches = self._batches.copy_at(epoch, start)
        self._taken = int(state["steps"])
        self._open = None
        if self._first >= len(self._batches):
            self._position.copy_(torch.tensor([epoch + 1, 0]))

    @property
    def _pass_state(self) -> State:
        return self._batches.state_dict()

    @property
    def _first(self) -> int:
        """Number of the next step of this worker, counted from where the pass begins."""
        return self._worker + self._taken * self._workers

    def _fetch(self) -> Iterator[Batch]:
        """Give the rest of this worker's steps."""
        if self._workers > 1:
            return self._fetch_apart(self._batches)
        request, begin = self._batches.request, self._pass_state
        start = min(request.samples, begin["start"] + self._first * request.global_batch)
        return iter(self._batches.copy_at(begin["epoch"], start))

    def _fetch_apart(self, batches: Batches) -> Iterator[Batch]:
        """Give steps that are not consecutive, each fetched by itself, some of them in advance."""
        cancellation = Cancellation()
        numbers = range(self._first, len(batches), self._workers)
        fetched = (batches.step(number, cancellation) for number in numbers)
        prefetcher = Prefetcher(fetched, group_size=1, max_groups=STEPS_AHEAD, cancel=cancellation.cancel)
        try:
            yield from prefetcher
        finally:
            prefetcher.close()


class Samples(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """A split as a map-style dataset: any sampler keeps its own semantics, and one batch is one request."""

    def __init__(self, split: Split, *, layout: Layout = "chw", scale: Scale = "raw") -> None:
        """Give samples of this layout and scale."""
        self.split = split
        self.layout = layout
        self.scale = scale

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.split)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return one sample and its label; raises IndexError past the end."""
        if not 0 <= index < len(self):
            raise IndexError(f"The split has samples 0 to {len(self) - 1}, and none at {index}.")
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return the samples at all indices, by one request; the DataLoader calls this for a batch."""
        x, y = to_tensors(self.split.take(indices, layout=self.layout, scale=self.scale))
        return list(zip(x, y, strict=True))


def to_tensors(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images and labels (int64) of a batch, as tensors over the same memory."""
    return torch.from_numpy(batch.x), torch.from_numpy(batch.y)
