"""Training batches and samples for PyTorch's DataLoader. The only module of the client that imports torch.

from service.client.torch import Samples, Stream

stream = Stream(train.batches(256, seed=7, layout="chw", scale="unit"))
loader = DataLoader(stream, batch_size=None, num_workers=2)
for epoch in range(3):
    stream.set_epoch(epoch)
    for x, y in loader: ...

loader = DataLoader(Samples(train, scale="unit"), batch_size=256, sampler=DistributedSampler(...))
"""

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from service.client.ahead import Ahead
from service.client.batches import Batch, Batches, Layout, Scale
from service.client.datasets import Split

STEPS_AHEAD = 4
"""Steps that a worker fetches before they are asked for; the DataLoader keeps more (`prefetch_factor`)."""


class Stream(IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """The batches of an epoch as tensors `(x, y)`, for a DataLoader with `batch_size=None`.

    Of n workers, worker w fetches the steps w, w + n, …, and the DataLoader takes from them in turn, so the order is
    the same for any number of workers. Which epoch it is lies in memory that all workers share; it never advances by
    itself, because workers would not do so together: call `set_epoch` before each pass.
    """

    def __init__(self, batches: Batches) -> None:
        """Begin where `batches` would."""
        state = batches.state_dict()
        self.batches = batches
        self._place = torch.tensor([state["epoch"], state["start"]]).share_memory_()

    def __len__(self) -> int:
        """Return the number of steps in the next pass, of all workers together."""
        return self.batches.plan.steps(self._start)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Give the batches of this worker."""
        worker = get_worker_info()
        if worker is None:
            return map(tensors, self.batches.beginning(self._epoch, self._start))
        return self._every(worker.id, worker.num_workers)

    def set_epoch(self, epoch: int) -> None:
        """Visit this epoch, from its beginning, in the next pass of any worker."""
        self._place.copy_(torch.tensor([epoch, 0]))

    def state_dict(self, steps: int = 0) -> dict[str, int | str]:
        """Where the run stands after so many steps of this pass; whoever takes them counts, as workers run ahead."""
        size, samples = self.batches.plan.global_batch, self.batches.plan.samples
        start = min(samples, self._start + steps * size)
        return {**self.batches.state_dict(), "epoch": self._epoch, "start": start}

    def load_state_dict(self, state: dict[str, int | str]) -> None:
        """Go on where a run stood.

        Raises:
            ChangedData: that run used other data.
            ValueError: it used another seed.
        """
        self.batches.load_state_dict(state)
        self._place.copy_(torch.tensor([int(state["epoch"]), int(state["start"])]))

    @property
    def _epoch(self) -> int:
        return int(self._place[0])

    @property
    def _start(self) -> int:
        return int(self._place[1])

    def _every(self, first: int, stride: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Every `stride`-th step from the `first` on, each fetched by itself, some of them ahead."""
        whole = self.batches.beginning(self._epoch, self._start)
        ahead = Ahead(map(whole.step, range(first, len(whole), stride)), group=1, most=STEPS_AHEAD)
        try:
            yield from map(tensors, ahead)
        finally:
            ahead.stop()


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
        """Return the samples at all indices, by one request; the DataLoader asks so."""
        x, y = tensors(self.split.take(indices, layout=self.layout, scale=self.scale))
        return list(zip(x, y, strict=True))


def tensors(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and labels (int64) of a batch, as tensors over the same memory."""
    return torch.from_numpy(batch.x), torch.from_numpy(batch.y)
