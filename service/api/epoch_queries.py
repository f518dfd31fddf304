"""What may be asked of an epoch: its order, and its batches."""

from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from service.api.named_types import BatchFormat, BatchLayout, EpochSeed, OrderFormat, Scale, Steps, Tail
from service.api.queries import SubsetQuery
from service.data.epoch import Epoch
from service.data.sample_order import SampleOrder
from service.data.split import Split
from service.errors import Refused
from service.http.parameters import LARGEST, Boolean, Integer


class OrderQuery(SubsetQuery):
    """The order of an epoch."""

    seed: Annotated[EpochSeed, Field(examples=[7])] = 0
    epoch: Annotated[Integer, Ge(0), Le(2**32 - 1), Field(description="number of the epoch", examples=[1])] = 0
    shuffle: Annotated[Boolean, Field(description="`true` is order v1, `false` the order of the file")] = True
    balanced: Annotated[
        Boolean, Field(description="`true`: classes take turns, and the epoch ends with the smallest one")
    ] = False
    format: OrderFormat | None = None

    def build_order(self, split: Split) -> SampleOrder:
        """The order that the parameters describe.

        Raises:
            Refused: a parameter does not fit the split, a class is too small, or parameters do not go together.
        """
        return SampleOrder(
            split=split,
            subset=self.build_subset(split, seed=self.seed),
            seed=self.seed,
            number=self.epoch,
            shuffle=self.shuffle,
            balanced=self.balanced,
        )


class BatchesQuery(OrderQuery):
    """Consecutive batches of one rank in one epoch."""

    batch_size: Annotated[Integer, Ge(1), Le(8192), Field(description="B: rows per rank and step", examples=[4])] = 64
    world_size: Annotated[Integer, Ge(1), Le(65_536), Field(description="W: number of ranks")] = 1
    rank: Annotated[Integer, Ge(0), Le(65_535), Field(description="r: this rank, below `world_size`")] = 0
    start: Annotated[
        Integer, Ge(0), Le(LARGEST), Field(description="samples of the epoch that all ranks have consumed before")
    ] = 0
    steps: Steps = 1
    stride: Annotated[
        Integer, Ge(1), Le(65_536), Field(description="take every n-th step from `start` on: for n workers of one rank")
    ] = 1
    tail: Tail = "partial"
    layout: BatchLayout = "image"
    format: BatchFormat | None = None
    scale: Scale = "raw"

    @property
    def is_scaled(self) -> bool:
        """Whether pixels are float32."""
        return self.scale != "raw"

    def build_epoch(self, split: Split) -> Epoch:
        """The epoch that the parameters describe, from `start` on.

        Raises:
            Refused: a parameter does not fit the split, a class is too small, or parameters do not go together.
        """
        if self.rank >= self.world_size:
            raise Refused("rank", f"must be below world_size, from 0 to {self.world_size - 1}, not {self.rank}")
        return Epoch(
            order=self.build_order(split),
            batch_size=self.batch_size,
            world_size=self.world_size,
            start=self.start,
            stride=self.stride,
            tail=self.tail,
        )
