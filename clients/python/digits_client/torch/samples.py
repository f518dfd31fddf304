"""Single samples for PyTorch's samplers, and a sampler that takes them in order v1."""

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Dataset, Sampler

from digits_client.batch import Layout
from digits_client.batches import Batches
from digits_client.datasets import Split
from digits_client.scale import Scale
from digits_client.torch.stream import to_tensors


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


class OrderSampler(Sampler[int]):
    """The samples that an epoch of a run visits, in its order, for `Samples` of the same split.

    Each pass is another epoch; `set_epoch` selects one. A trainer that divides the batches of a loader among its
    processes divides these as well, so the run must be that of a single rank, and of whole epochs.
    """

    def __init__(self, batches: Batches) -> None:
        """Take the order of a run; its batch size does not matter.

        Raises:
            ValueError: the run is that of one of several ranks, begins within an epoch, or does not visit each sample
                once.
        """
        state = batches.state_dict()
        if batches.request.world_size != 1 or state["start"] or batches.request.tail != "partial":
            raise ValueError(
                "A sampler gives all samples of an epoch: leave out rank, world_size, start and tail of the batches. "
                "digits_client.torch.Loader honours them."
            )
        self.batches = batches
        self.epoch: int = state["epoch"]

    def __len__(self) -> int:
        """Return the number of samples of an epoch."""
        return self.batches.request.samples

    def __iter__(self) -> Iterator[int]:
        """Give the indices of an epoch within the split; the next pass is the next epoch."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        return iter(self.batches.request.order(epoch).tolist())

    def set_epoch(self, epoch: int) -> None:
        """Visit this epoch in the next pass."""
        self.epoch = epoch
