"""Class counts and mean images with Dask, read from several replicas.

    python -m examples.engines.on_dask http://10.0.0.1:8000 http://10.0.0.2:8000 --partitions 16

Each partition is a range of rows in the order of the file, so that the index of the frame is sorted and its divisions
are known.
"""

from collections.abc import Sequence

import dask.dataframe as dd
import numpy as np
import pandas as pd
from distributed import Client, LocalCluster

from digits_client.partitions import ReplicatedSplit, RowPartition, find_split, partition_by_rows
from examples.engines.class_means import parse_arguments, report

RETRIES = 3
"""How often Dask runs a task again that failed; if its process was killed, it does so without being asked."""


def list_columns(split: ReplicatedSplit) -> list[str]:
    """Return the names of the pixels' columns, as scikit-learn names them."""
    return [f"pixel_{row}_{column}" for row in range(split.height) for column in range(split.width)]


def read_frame(partition: RowPartition) -> pd.DataFrame:
    """Return a partition as a frame: `label` int64, pixels uint8, by the index of the sample."""
    columns = list_columns(partition.split)
    frames = [create_empty(columns)]
    for batch in partition.read():
        frame = pd.DataFrame(batch.x, columns=columns, index=pd.Index(batch.index, name="index"))
        frame.insert(0, "label", batch.y)
        frames.append(frame)
    return pd.concat(frames[1:] or frames)


def create_empty(columns: Sequence[str]) -> pd.DataFrame:
    """Return a frame with all columns and no rows."""
    index = pd.Index([], dtype=np.int64, name="index")
    return pd.DataFrame({"label": np.empty(0, np.int64), **{name: np.empty(0, np.uint8) for name in columns}}, index)


def divide(split: ReplicatedSplit, *, partitions: int) -> list[RowPartition]:
    """Return the partitions that have rows."""
    return [one for one in partition_by_rows(split, partitions, layout="flat") if len(one)]


def read_digits(partitions: Sequence[RowPartition]) -> dd.DataFrame:
    """Return a frame of these partitions, which nothing has read yet."""
    split = partitions[0].split
    divisions = [one.rows.start for one in partitions] + [partitions[-1].rows[-1]]
    return dd.from_map(read_frame, partitions, meta=create_empty(list_columns(split)), divisions=divisions)


def main() -> None:
    """Read a split and print what is in it."""
    arguments = parse_arguments(__doc__)
    split = find_split(arguments.replicas, dataset=arguments.dataset, split=arguments.split)
    frame = read_digits(divide(split, partitions=arguments.partitions))
    options = {"host": "127.0.0.1", "n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster):
        by_class = frame.groupby("label", sort=True)
        counts, means = dd.compute(by_class.size(), by_class.mean(), retries=RETRIES)
    report(counts.to_numpy(), means.to_numpy(), save=arguments.save)


if __name__ == "__main__":
    main()
