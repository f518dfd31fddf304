"""Partitions of a split, for engines that read in parallel: Ray Data, Dask, Spark. The module knows none of them.

    split = find_split(["http://a:8000", "http://b:8000"], dataset="mnist", split="train")
    for partition in partition_by_rank(split, 8, seed=7):
        send_to_worker(partition)  # which calls partition.read()

A partition holds no data and no connection, only what determines its samples. It can be pickled, and read anywhere and
any number of times: a task that is run again gets the same batches again, from any replica.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import index

from digits_client.batch import Batch, Layout
from digits_client.datasets import Split
from digits_client.replicas import ReplicatedSplit, find_split
from digits_client.scale import Scale

__all__ = ["RankPartition", "ReplicatedSplit", "RowPartition", "find_split", "partition_by_rank", "partition_by_rows"]

MOST_PARTITIONS = 65_536
"""The largest `world_size` of the service."""


@dataclass(frozen=True, kw_only=True)
class RankPartition:
    """What one rank reads in an epoch: the entries `rank`, `rank + world_size`, … of its order."""

    split: ReplicatedSplit
    rank: int
    world_size: int
    batch_size: int
    seed: int
    epoch: int
    shuffle: bool
    layout: Layout
    scale: Scale

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(range(self.rank, len(self.split), self.world_size))

    @property
    def paths(self) -> tuple[str, ...]:
        """The path and query whose answer, from any replica, is the whole partition as an Arrow stream.

        If the partition is empty, there is none.
        """
        names = ("batch_size", "world_size", "rank", "seed", "epoch", "layout", "scale")
        query = {name: getattr(self, name) for name in names} | {"shuffle": str(self.shuffle).lower(), "steps": "all"}
        return (self.split.path("batches", **query),) if len(self) else ()

    def read(self) -> Iterator[Batch]:
        """Give the batches that have rows; raises what `ReplicatedSplit.read` raises.

        It begins with replica number `rank`, modulo how many there are, so that partitions spread over all of them.
        """
        batches = self.split.read(self.rank, self._open) if len(self) else iter(())
        return (batch for batch in batches if len(batch))  # the last step may leave nothing for this rank

    def _open(self, split: Split, done: int) -> Iterable[Batch]:
        return split.batches(
            self.batch_size,
            seed=self.seed,
            epoch=self.epoch,
            start=done * self.batch_size * self.world_size,
            shuffle=self.shuffle,
            rank=self.rank,
            world_size=self.world_size,
            layout=self.layout,
            scale=self.scale,
        )


@dataclass(frozen=True, kw_only=True)
class RowPartition:
    """Consecutive rows in the order of the file."""

    split: ReplicatedSplit
    number: int
    """Number of the partition; it begins with the replica of this number, modulo how many there are."""

    rows: range
    batch_size: int
    layout: Layout
    scale: Scale

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    @property
    def pages(self) -> list[range]:
        """The rows of each batch."""
        return [self.rows[first : first + self.batch_size] for first in range(0, len(self.rows), self.batch_size)]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths and queries whose answers, from any replica, are the batches, as an Arrow stream each."""
        options = {"layout": self.layout, "scale": self.scale}
        return tuple(self.split.path("rows", offset=page.start, limit=len(page), **options) for page in self.pages)

    def read(self) -> Iterator[Batch]:
        """Give the batches; raises what `ReplicatedSplit.read` raises."""
        return self.split.read(self.number, self._open) if len(self) else iter(())

    def _open(self, split: Split, done: int) -> Iterable[Batch]:
        return (split.rows(page.start, len(page), layout=self.layout, scale=self.scale) for page in self.pages[done:])


def partition_by_rank(
    split: ReplicatedSplit,
    number: int,
    *,
    batch_size: int = 256,
    seed: int = 0,
    epoch: int = 0,
    shuffle: bool = True,
    layout: Layout = "image",
    scale: Scale = "raw",
) -> list[RankPartition]:
    """Return what each of `number` ranks reads in an epoch: partitions for training, in random order.

    Their sizes differ by at most one; those beyond the number of samples are empty.

    Args:
        split: what to divide.
        number: how many partitions, 1…65,536.
        batch_size: rows per batch, 1…8192.
        seed: of order v1, 0…2^64-1.
        epoch: of order v1, 0…2^32-1.
        shuffle: order v1, or the order of the file.
        layout: shape of one sample.
        scale: `raw` uint8, `unit` float32 0…1, `standard` float32 of mean 0 and deviation 1.

    Raises:
        ValueError: `number` or `batch_size` is out of range.
    """
    check_numbers(number, batch_size)
    return [
        RankPartition(
            split=split,
            rank=rank,
            world_size=number,
            batch_size=batch_size,
            seed=index(seed),
            epoch=index(epoch),
            shuffle=shuffle,
            layout=layout,
            scale=scale,
        )
        for rank in range(number)
    ]


def partition_by_rows(
    split: ReplicatedSplit, number: int, *, batch_size: int = 1_000, layout: Layout = "image", scale: Scale = "raw"
) -> list[RowPartition]:
    """Return `number` ranges of rows in the order of the file: partitions for tables and arrays.

    Their sizes differ by at most one; some are empty if there are more partitions than samples.

    Args:
        split: what to divide.
        number: how many partitions, 1…65,536.
        batch_size: rows per batch and request, 1…10,000, or less if the service has a lower limit.
        layout: shape of one sample.
        scale: as for `partition_by_rank`.

    Raises:
        ValueError: `number` or `batch_size` is out of range.
    """
    check_numbers(number, batch_size)
    bounds = [len(split) * place // number for place in range(number + 1)]
    return [
        RowPartition(
            split=split,
            number=place,
            rows=range(bounds[place], bounds[place + 1]),
            batch_size=batch_size,
            layout=layout,
            scale=scale,
        )
        for place in range(number)
    ]


def check_numbers(number: int, batch_size: int) -> None:
    """Raise ValueError for numbers that no service accepts; upper limits of `batch_size` are the service's."""
    if not 1 <= index(number) <= MOST_PARTITIONS:
        raise ValueError(f"The number of partitions must be from 1 to {MOST_PARTITIONS}, not {number}.")
    if index(batch_size) < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
