"""Class counts and mean images with Spark, read from several replicas by a data source in Python.

    python -m examples.engines.on_spark http://10.0.0.1:8000 http://10.0.0.2:8000 --partitions 16

Each partition is one rank of an epoch, so that every partition is a random sample of the split.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from digits_client.partitions import RankPartition, find_split, partition_by_rank
from digits_client.scale import Scale
from examples.engines.class_means import ClassSums, parse_arguments, report, sum_by_class

SCALES: tuple[Scale, ...] = ("raw", "unit", "standard")

SUMS = "counts array<bigint>, sums array<bigint>"


class DigitsSource(DataSource):
    """A split by columns `index` bigint, `label` bigint and `image` binary: the pixels, row by row.

    A pixel is an unsigned byte, or little-endian float32 if `scale` is not `raw`.

    Options: `replicas` (addresses, separated by spaces), `dataset`, `split`, `rev`; `partitions` (8), `seed` (0),
    `epoch` (0), `scale` (`raw`).
    """

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "digits"

    def schema(self) -> str:
        """Return the columns."""
        return "index bigint, label bigint, image binary"

    def reader(self, schema: StructType) -> "DigitsReader":  # noqa: ARG002 - Spark's signature
        """Return what reads the partitions."""
        return DigitsReader(dict(self.options))


class DigitsReader(DataSourceReader):
    """Divides a split, on the driver, and reads a partition, in a task."""

    def __init__(self, options: Mapping[str, str]) -> None:
        """Keep the options."""
        self.options = options

    def partitions(self) -> Sequence[InputPartition]:
        """Return one partition per rank. Spark asks anew for every action, and `rev` keeps the data the same."""
        return [InputPartition(partition) for partition in self.divide()]

    def divide(self) -> list[RankPartition]:
        """Return the partitions."""
        options = self.options
        split = find_split(
            options["replicas"].split(), dataset=options["dataset"], split=options["split"], rev=options.get("rev")
        )
        return partition_by_rank(
            split,
            int(options.get("partitions", "8")),
            batch_size=1_000,
            seed=int(options.get("seed", "0")),
            epoch=int(options.get("epoch", "0")),
            layout="flat",
            scale=find_scale(options),
        )

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Give the batches of a partition."""
        for batch in partition.value.read():
            images = create_binary_array(batch.x.reshape(len(batch), -1))
            yield pa.record_batch([pa.array(batch.index), pa.array(batch.y), images], ["index", "label", "image"])


def create_binary_array(rows: NDArray[np.uint8 | np.float32]) -> pa.BinaryArray:
    """Return each row of a contiguous array `(n, k)` as a binary value, without a copy."""
    ends = np.arange(len(rows) + 1, dtype=np.int32) * rows.strides[0]
    return pa.BinaryArray.from_buffers(pa.binary(), len(rows), [None, pa.py_buffer(ends), pa.py_buffer(rows)])


def find_scale(options: Mapping[str, str]) -> Scale:
    """Return the scale that the options name.

    Raises:
        ValueError: there is none of this name.
    """
    for scale in SCALES:
        if options.get("scale", "raw") == scale:
            return scale
    raise ValueError(f"The option scale must be one of {', '.join(SCALES)}, not {options['scale']!r}.")


def read_digits(spark: SparkSession, replicas: Sequence[str], **options: str | int) -> DataFrame:
    """Return a frame of the options of `DigitsSource`, all of whose actions read the same revision of the data."""
    split = find_split(replicas, dataset=str(options["dataset"]), split=str(options["split"]))
    spark.dataSource.register(DigitsSource)
    return spark.read.format("digits").options(replicas=" ".join(replicas), rev=split.rev, **options).load()


def sum_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give the sums of each record batch as a row."""
    for batch in batches:
        images = np.frombuffer(b"".join(batch["image"].to_pylist()), np.uint8).reshape(batch.num_rows, -1)
        found = sum_by_class(batch["label"].to_numpy(), images)
        yield pa.record_batch([[found.counts.tolist()], [found.sums.reshape(-1).tolist()]], ["counts", "sums"])


def sum_frame(frame: DataFrame) -> ClassSums:
    """Return the sums of all rows: the tasks add up record batches, this process adds up their results."""
    rows = frame.select("label", "image").mapInArrow(sum_batches, SUMS).collect()
    first, *others = (ClassSums(np.array(row.counts), np.reshape(row.sums, (len(row.counts), -1))) for row in rows)
    return sum(others, start=first)


def main() -> None:
    """Read a split and print what is in it."""
    arguments = parse_arguments(__doc__)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("digits").master("local[2,4]")  # two tasks at once, each tried four times
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()
    place = {"dataset": arguments.dataset, "split": arguments.split}
    found = sum_frame(read_digits(spark, arguments.replicas, **place, partitions=arguments.partitions, seed=7))
    report(found.counts, found.means, save=arguments.save)
    spark.stop()


if __name__ == "__main__":
    main()
