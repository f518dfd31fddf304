"""Class counts and mean images with Ray Data, read from several replicas.

    python -m examples.engines.on_ray http://10.0.0.1:8000 http://10.0.0.2:8000 --partitions 16

Each read task is one rank of an epoch, so that rows arrive in order v1 of the seed and the epoch within each task.
"""

import os
from collections.abc import Iterator
from functools import partial
from math import prod

import numpy as np
import pyarrow as pa
import ray
from numpy.typing import NDArray
from ray.data import DataContext, Datasource, ReadTask
from ray.data.block import BlockMetadata

from digits_client.partitions import RankPartition, ReplicatedSplit, find_split, partition_by_rank
from examples.engines.class_means import ClassSums, parse_arguments, report, sum_by_class


class DigitsDatasource(Datasource):
    """A split by columns `index` int64, `label` int64 and `image` (a tensor of uint8, height × width)."""

    def __init__(self, split: ReplicatedSplit, *, seed: int = 0, epoch: int = 0) -> None:
        """Read an epoch in order v1 of the seed."""
        super().__init__()
        self.split = split
        self.seed = seed
        self.epoch = epoch

    def estimate_inmemory_data_size(self) -> int:
        """Return the bytes of all rows."""
        return len(self.split) * self._row_bytes

    def get_read_tasks(
        self,
        parallelism: int,
        per_task_row_limit: int | None = None,
        data_context: DataContext | None = None,  # noqa: ARG002 - Ray's signature
    ) -> list[ReadTask]:
        """Return one task per rank; `override_num_blocks` of `read_datasource` sets their number."""
        return [
            ReadTask(
                partial(read_blocks, partition),
                BlockMetadata(len(partition), len(partition) * self._row_bytes, exec_stats=None, input_files=None),
                per_task_row_limit=per_task_row_limit,
            )
            for partition in self.divide(parallelism)
            if len(partition)
        ]

    def divide(self, number: int) -> list[RankPartition]:
        """Return the partitions."""
        return partition_by_rank(self.split, number, batch_size=1_000, seed=self.seed, epoch=self.epoch)

    @property
    def _row_bytes(self) -> int:
        return prod((self.split.height, self.split.width)) + 16


def read_blocks(partition: RankPartition) -> Iterator[pa.Table]:
    """Give the batches of a partition as Arrow tables."""
    for batch in partition.read():
        image = pa.FixedShapeTensorArray.from_numpy_ndarray(batch.x)
        yield pa.table({"index": batch.index, "label": batch.y, "image": image})


def read_digits(source: DigitsDatasource, *, partitions: int) -> ray.data.Dataset:
    """Return a dataset that reads the split in so many tasks."""
    return ray.data.read_datasource(source, override_num_blocks=partitions)


def sum_batch(batch: dict[str, NDArray[np.uint8]]) -> dict[str, NDArray[np.int64]]:
    """Return the sums of a batch as a batch of one row."""
    found = sum_by_class(batch["label"].astype(np.int64), batch["image"])
    return {"counts": found.counts[np.newaxis], "sums": found.sums[np.newaxis]}


def sum_dataset(dataset: ray.data.Dataset) -> ClassSums:
    """Return the sums of all rows: Ray adds them up batch by batch, this process adds up the batches."""
    rows = dataset.map_batches(sum_batch, batch_size=1_000).iter_rows()
    first, *others = (ClassSums(row["counts"], row["sums"]) for row in rows)
    return sum(others, start=first)


def main() -> None:
    """Read a split and print what is in it."""
    arguments = parse_arguments(__doc__)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(include_dashboard=False, log_to_driver=False)
    split = find_split(arguments.replicas, dataset=arguments.dataset, split=arguments.split)
    found = sum_dataset(read_digits(DigitsDatasource(split, seed=7), partitions=arguments.partitions))
    report(found.counts, found.means, save=arguments.save)
    ray.shutdown()


if __name__ == "__main__":
    main()
