"""Spark reads every sample once, whatever happens to its tasks and to the replicas."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from digits_client.partitions import RankPartition, ReplicatedSplit
from examples.engines.on_spark import DigitsReader, DigitsSource, read_digits
from tests.engines.faults import Fault, Kind, spoil_ranks
from tests.engines.originals import Rows, check_exactly_once
from tests.processes import RunningServer

TEST = {"dataset": "mnist", "split": "test"}


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """Spark with two tasks at once, each tried four times, on loopback, without its UI."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
    session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    session.dataSource.register(DigitsSource)
    session.dataSource.register(FaultySource)
    yield session
    session.stop()


class FaultySource(DigitsSource):
    """Has a fault in its first partition."""

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "faulty"

    def reader(self, schema: StructType) -> DigitsReader:  # noqa: ARG002 - Spark's signature
        """Return what reads the partitions."""
        return FaultyReader(dict(self.options))


class FaultyReader(DigitsReader):
    """Has a fault in its first partition; the options `kind`, `marker` and `pid` tell which."""

    def divide(self) -> list[RankPartition]:
        """Return the partitions."""
        kind: Kind = self.options["kind"]  # type: ignore[assignment]
        fault = Fault(kind=kind, marker=Path(self.options["marker"]), pid=int(self.options["pid"]))
        return spoil_ranks(super().divide(), fault)


def collect(frame: DataFrame) -> Rows:
    table = frame.select("index", "label", "image").toArrow()
    image = np.frombuffer(b"".join(table["image"].to_pylist()), np.uint8)
    return Rows(table["index"].to_numpy(), table["label"].to_numpy(), image.reshape(len(table), -1))


def collect_faulty(spark: SparkSession, fault: Fault, urls: list[str], *, partitions: int) -> Rows:
    options = {**TEST, "replicas": " ".join(urls), "partitions": partitions, "seed": 7}
    options |= {"kind": fault.kind, "marker": str(fault.marker), "pid": fault.pid}
    found = collect(spark.read.format("faulty").options(**options).load())
    assert fault.marker.exists()
    return found


@pytest.fixture
def urls(replicas: list[RunningServer]) -> list[str]:
    return [one.url for one in replicas]


@pytest.mark.parametrize("partitions", [1, 7])
def test_every_sample_arrives_once(spark: SparkSession, urls: list[str], originals: Rows, partitions: int) -> None:
    frame = read_digits(spark, urls, **TEST, partitions=partitions)
    assert frame.rdd.getNumPartitions() == partitions
    check_exactly_once(collect(frame), originals)


def test_rows_of_a_partition_arrive_in_order_v1(spark: SparkSession, urls: list[str], originals: Rows) -> None:
    frames = [read_digits(spark, urls, **TEST, partitions=1, seed=7, epoch=epoch) for epoch in (3, 3, 4)]
    one, again, other = (collect(frame) for frame in frames)
    assert np.array_equal(one.index, again.index)
    assert not np.array_equal(one.index, other.index)
    check_exactly_once(other, originals)


def test_scaled_images_are_binary_floats(spark: SparkSession, urls: list[str], originals: Rows) -> None:
    frame = read_digits(spark, urls, **TEST, partitions=2, scale="unit")
    rows = frame.where("index < 3").collect()
    assert sorted(row["index"] for row in rows) == [0, 1, 2]
    for row in rows:
        unit = originals.image[row["index"]].astype(np.float32) / np.float32(255)
        assert np.array_equal(np.frombuffer(row.image, "<f4"), unit)


def test_an_unknown_scale_is_refused(spark: SparkSession, urls: list[str]) -> None:
    with pytest.raises(Exception, match="scale must be one of raw, unit, standard, not 'log'"):
        read_digits(spark, urls, **TEST, scale="log").count()


@pytest.mark.parametrize("kind", ["raise", "kill task"])
def test_a_task_that_fails_half_way_is_run_again(
    spark: SparkSession, urls: list[str], originals: Rows, tmp_path: Path, kind: Kind
) -> None:
    fault = Fault(kind=kind, marker=tmp_path / "failed")
    check_exactly_once(collect_faulty(spark, fault, urls, partitions=6), originals)


def test_a_replica_that_is_killed_half_way_is_replaced(
    spark: SparkSession, victim: RunningServer, urls: list[str], originals: Rows, tmp_path: Path
) -> None:
    fault = Fault(kind="kill replica", marker=tmp_path / "killed", pid=victim.process.pid)
    check_exactly_once(collect_faulty(spark, fault, [victim.url, *urls[:2]], partitions=12), originals)
    assert not victim.is_running


def test_a_replica_of_other_data_is_refused(spark: SparkSession, split: ReplicatedSplit, other: RunningServer) -> None:
    changed = spark.read.format("digits").options(**TEST, replicas=other.url, rev=split.rev).load()
    with pytest.raises(Exception, match="all replicas must hold the same data"):
        changed.count()


def test_partitions_beyond_the_number_of_samples_are_empty(spark: SparkSession, other: RunningServer) -> None:
    frame = read_digits(spark, [other.url], **TEST, partitions=20)
    assert frame.rdd.getNumPartitions() == 20
    assert sorted(row["index"] for row in frame.select("index").collect()) == list(range(8))
