"""Dask reads every sample once, whatever happens to its tasks and to the replicas."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster

from digits_client import ChangedData
from digits_client.partitions import ReplicatedSplit, RowPartition, find_split
from digits_client.replicas import Replicas
from examples.engines.on_dask import RETRIES, divide, list_columns, read_digits
from tests.engines.faults import Fault, Kind, spoil_rows
from tests.engines.originals import Rows, check_exactly_once
from tests.processes import RunningServer


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    """Dask with two processes, on loopback, without a dashboard."""
    options = {"host": "127.0.0.1", "n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster):
        yield


def collect(partitions: Sequence[RowPartition]) -> Rows:
    frame = read_digits(partitions).compute(retries=RETRIES)
    assert isinstance(frame, pd.DataFrame)
    return Rows(frame.index.to_numpy(), frame["label"].to_numpy(), frame.drop(columns="label").to_numpy())


def collect_faulty(split: ReplicatedSplit, fault: Fault, *, partitions: int) -> Rows:
    found = collect(spoil_rows(divide(split, partitions=partitions), fault))
    assert fault.marker.exists()
    return found


@pytest.mark.parametrize("partitions", [1, 7])
def test_every_sample_arrives_once_in_the_order_of_the_file(
    split: ReplicatedSplit, originals: Rows, partitions: int
) -> None:
    found = collect(divide(split, partitions=partitions))
    check_exactly_once(found, originals)
    assert np.array_equal(found.index, originals.index)


def test_divisions_are_known_so_that_a_range_of_rows_reads_only_its_partitions(
    split: ReplicatedSplit, originals: Rows
) -> None:
    frame = read_digits(divide(split, partitions=10))
    assert frame.known_divisions
    part = frame.loc[1_500:1_700]
    assert part.npartitions == 1
    found = part.compute()
    assert found.index.tolist() == list(range(1_500, 1_701))
    assert np.array_equal(found[list_columns(split)].to_numpy(), originals.image[1_500:1_701])
    assert (found.dtypes == frame.dtypes).all()


@pytest.mark.parametrize("kind", ["raise", "kill task"])
def test_a_task_that_fails_half_way_is_run_again(
    split: ReplicatedSplit, originals: Rows, tmp_path: Path, kind: Kind
) -> None:
    fault = Fault(kind=kind, marker=tmp_path / "failed")
    check_exactly_once(collect_faulty(split, fault, partitions=6), originals)


def test_a_replica_that_is_killed_half_way_is_replaced(
    victim: RunningServer, replicas: list[RunningServer], originals: Rows, tmp_path: Path
) -> None:
    split = find_split([victim.url, replicas[0].url, replicas[1].url], dataset="mnist", split="test")
    fault = Fault(kind="kill replica", marker=tmp_path / "killed", pid=victim.process.pid)
    check_exactly_once(collect_faulty(split, fault, partitions=12), originals)
    assert not victim.is_running


def test_a_replica_of_other_data_is_refused(split: ReplicatedSplit, other: RunningServer) -> None:
    changed = replace(split, replicas=Replicas(urls=(other.url,)))
    with pytest.raises(ChangedData, match="all replicas must hold the same data"):
        collect(divide(changed, partitions=2))


def test_partitions_beyond_the_number_of_samples_are_left_out(other: RunningServer) -> None:
    small = find_split([other.url], dataset="mnist", split="test")
    partitions = divide(small, partitions=20)
    assert len(partitions) == len(small) == 8
    assert collect(partitions).index.tolist() == list(range(8))
