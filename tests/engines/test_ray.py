"""Ray Data reads every sample once, whatever happens to its tasks and to the replicas."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import ray
from ray.data import DataContext

from digits_client.partitions import RankPartition, ReplicatedSplit, find_split
from digits_client.replicas import Replicas
from examples.engines.on_ray import DigitsDatasource, read_digits
from tests.engines.faults import Fault, spoil_ranks
from tests.engines.originals import Rows, check_exactly_once
from tests.processes import RunningServer

# Ray sets deprecated settings itself.
pytestmark = pytest.mark.filterwarnings("ignore:.* is deprecated:DeprecationWarning:ray.data.context")

SMALL_BLOCK = 100_000
"""Bytes of a block, so that a task has given some of its blocks away before it fails."""


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    """Ray with two processes, on loopback, without a dashboard."""
    with tempfile.TemporaryDirectory(prefix="ray") as folder:  # a short name: that of a socket has 107 bytes at most
        ray.init(
            num_cpus=2,
            object_store_memory=200_000_000,
            include_dashboard=False,
            log_to_driver=False,
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )
        context = DataContext.get_current()
        context.target_max_block_size = SMALL_BLOCK
        context.enable_progress_bars = False
        yield
        ray.shutdown()


class FaultyDatasource(DigitsDatasource):
    """Has a fault in its first task."""

    fault: Fault

    def divide(self, number: int) -> list[RankPartition]:
        """Return the partitions."""
        return spoil_ranks(super().divide(number), self.fault)


def collect(source: DigitsDatasource, *, partitions: int) -> Rows:
    batches = list(read_digits(source, partitions=partitions).iter_batches(batch_size=None, batch_format="numpy"))
    index, label, image = (np.concatenate([batch[name] for batch in batches]) for name in ("index", "label", "image"))
    return Rows(index, label, image.reshape(len(image), -1))


def collect_faulty(split: ReplicatedSplit, fault: Fault, *, partitions: int) -> Rows:
    source = FaultyDatasource(split, seed=7)
    source.fault = fault
    found = collect(source, partitions=partitions)
    assert fault.marker.exists()
    return found


@pytest.mark.parametrize("partitions", [1, 7])
def test_every_sample_arrives_once(split: ReplicatedSplit, originals: Rows, partitions: int) -> None:
    check_exactly_once(collect(DigitsDatasource(split), partitions=partitions), originals)


def test_rows_of_a_task_arrive_in_order_v1(split: ReplicatedSplit, originals: Rows) -> None:
    one, again, other = (collect(DigitsDatasource(split, seed=7, epoch=epoch), partitions=1) for epoch in (3, 3, 4))
    assert np.array_equal(one.index, again.index)
    assert not np.array_equal(one.index, other.index)
    check_exactly_once(other, originals)


def test_a_task_that_is_killed_half_way_is_run_again(split: ReplicatedSplit, originals: Rows, tmp_path: Path) -> None:
    fault = Fault(kind="kill task", marker=tmp_path / "killed")
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
    with pytest.raises(Exception, match="all replicas must hold the same data") as raised:
        collect(DigitsDatasource(changed), partitions=2)
    assert "ChangedData" in str(raised.value)


def test_tasks_beyond_the_number_of_samples_are_left_out(other: RunningServer) -> None:
    small = find_split([other.url], dataset="mnist", split="test")
    source = DigitsDatasource(small)
    assert len(source.get_read_tasks(20)) == len(small) == 8
    assert sorted(collect(source, partitions=20).index) == list(range(8))
