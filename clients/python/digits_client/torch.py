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
from digits_client.prefetch import Prefetcher
from digits_client.state import State, check_state

STEPS_AHEAD = 4
"""Steps that a worker fetches before they are needed; the DataLoader keeps more (`prefetch_factor`)."""


class Stream(IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """The batches of an epoch as tensors `(x, y)`, for a DataLoader with `batch_size=None`.

    Of n workers, worker w fetches the steps w, w + n, …, and the DataLoader takes from them in turn, so the order is
    the same for any number of workers. The position lies in memory that all workers share; it never advances by
    itself, because workers would not do so together: call `set_epoch` before each pass.
    """

    def __init__(self, batches: Batches) -> None:
        """Begin where `batches` would."""
        state = batches.state_dict()
        self.batches = batches
        self._position = torch.tensor([state["epoch"], state["start"]]).share_memory_()

    def __len__(self) -> int:
        """Return the number of steps in the next pass, of all workers together."""
        return self.batches.request.count_steps(self._start)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Give the batches of this worker."""
        worker = get_worker_info()
        if worker is None:
            return map(to_tensors, self.batches.copy_at(self._epoch, self._start))
        return self._fetch_every(worker.id, worker.num_workers)

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

    def _fetch_every(self, first: int, stride: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Give every `stride`-th step from the `first` on, each fetched by itself, some of them in advance."""
        cancellation = Cancellation()
        steps = self.batches.copy_at(self._epoch, self._start)
        batches = (steps.step(number, cancellation) for number in range(first, len(steps), stride))
        prefetcher = Prefetcher(batches, group_size=1, max_groups=STEPS_AHEAD, cancel=cancellation.cancel)
        try:
            yield from map(to_tensors, prefetcher)
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
