"""Replicas: where one fails, another continues, nothing is lost or repeated, and other data are refused."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digits_client import ChangedData, ProblemError, Unreachable
from digits_client.partitions import RankPartition, RowPartition, find_split, partition_by_rank, partition_by_rows
from digits_client.replicas import Replicas
from service.app import create_app
from service.data.order import order_v1
from service.settings import Settings
from tests import made, sites
from tests.clients.python.flaky import Fault, Flaky, run_flaky
from tests.sites import Site

NOBODY = "http://127.0.0.1:1"
"""An address where nothing listens."""

FAULTS: list[Fault] = ["none", "busy", "silent", "reset", "cut", "gateway"]
"""What replicas may do to a request, besides answering it."""


@pytest.fixture
def replicas(site: Site) -> Iterator[list[Flaky]]:
    """Three replicas of the made dataset."""
    with ExitStack() as stack:
        yield [stack.enter_context(run_flaky(site)) for _ in range(3)]


@pytest.fixture(scope="module")
def other() -> Iterator[Site]:
    """A server of other data under the name of the made dataset."""
    with sites.serving(create_app(Settings(), [made.source(seed=1)])) as running:
        yield running


def divide_by_rank(replicas: list[Flaky], number: int = 1, patience: float = 60) -> list[RankPartition]:
    split = find_split([one.url for one in replicas], dataset="made", split="train", patience=patience)
    return partition_by_rank(split, number, batch_size=2, seed=7)


def list_indices(partition: RankPartition | RowPartition) -> list[int]:
    return [index for batch in partition.read() for index in batch.index.tolist()]


def test_partitions_spread_over_the_replicas(replicas: list[Flaky]) -> None:
    partitions = divide_by_rank(replicas, 6)
    for one in replicas:
        one.targets.clear()
    for partition in partitions:
        list_indices(partition)
    for number, one in enumerate(replicas):
        assert one.times(f"rank={number}") > 0
        assert one.times(f"rank={number + 3}") > 0
        assert one.times("rank=") == one.times(f"rank={number}") + one.times(f"rank={number + 3}")


@pytest.mark.parametrize("world_size", [1, 2])
def test_an_answer_that_breaks_off_is_continued_by_the_next_replica(replicas: list[Flaky], world_size: int) -> None:
    partition = divide_by_rank(replicas, world_size)[0]
    replicas[0].fail(["cut"], only="batches?")
    assert list_indices(partition) == order_v1(made.TRAIN, seed=7)[::world_size].tolist()
    assert replicas[0].left == 0
    starts = [target for target in replicas[1].targets if "batches?" in target]
    assert len(starts) == 1
    assert "start=0" not in starts[0]
    assert replicas[2].times("batches?") == 0


def test_pages_of_rows_continue_with_the_next_replica(replicas: list[Flaky]) -> None:
    split = find_split([one.url for one in replicas], dataset="made", split="train")
    (partition,) = partition_by_rows(split, 1, batch_size=5)
    replicas[0].fail(["none", "none", "silent"], only="rows?")
    assert list_indices(partition) == list(range(made.TRAIN))
    assert replicas[0].times("rows?") == 3
    assert [target.partition("offset=")[2].partition("&")[0] for target in replicas[1].targets[-3:]] == [
        "10",
        "15",
        "20",
    ]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=st.lists(st.lists(st.sampled_from(FAULTS), max_size=5), min_size=3, max_size=3), number=st.integers(1, 4))
def test_whatever_replicas_do_every_sample_arrives_once(
    replicas: list[Flaky], faults: list[list[Fault]], number: int
) -> None:
    partitions = divide_by_rank(replicas, number)
    for one, some in zip(replicas, faults, strict=True):
        one.fail(some)
    order = order_v1(made.TRAIN, seed=7).tolist()
    assert [list_indices(one) for one in partitions] == [order[rank::number] for rank in range(number)]


def test_a_replica_that_is_down_is_left_out(replicas: list[Flaky]) -> None:
    split = find_split([NOBODY, replicas[0].url], dataset="made", split="train")
    assert len(split.replicas) == 2
    indices = [index for one in partition_by_rank(split, 4) for index in list_indices(one)]
    assert sorted(indices) == list(range(made.TRAIN))


def test_all_replicas_may_be_busy_for_a_while(replicas: list[Flaky]) -> None:
    for one in replicas:
        one.fail(["busy"] * 4)
    (partition,) = divide_by_rank(replicas)
    for one in replicas:
        one.fail(["busy"] * 4)
    assert list_indices(partition) == order_v1(made.TRAIN, seed=7).tolist()


def test_without_any_replica_the_error_counts_them() -> None:
    with pytest.raises(Unreachable, match=r"None of 2 replicas answers\. http://127\.0\.0\.1:1/v1/datasets/made"):
        find_split([NOBODY, NOBODY], dataset="made", split="train", patience=0.1)


def test_a_partition_whose_replicas_are_all_gone_fails_within_its_patience(replicas: list[Flaky]) -> None:
    (partition,) = divide_by_rank(replicas, patience=0.3)
    gone = replace(partition, split=replace(partition.split, replicas=Replicas(urls=(NOBODY, NOBODY), patience=0.3)))
    with pytest.raises(Unreachable, match="None of 2 replicas answers"):
        list_indices(gone)


def test_replicas_of_different_data_are_refused(site: Site, other: Site) -> None:
    with pytest.raises(ChangedData, match=f"{other.url} has revision .* all replicas must hold the same data"):
        find_split([site.url, other.url], dataset="made", split="train")


def test_a_replica_whose_data_changed_is_refused(site: Site, other: Site) -> None:
    (partition,) = partition_by_rank(find_split([site.url], dataset="made", split="train"), 1)
    changed = replace(partition, split=replace(partition.split, replicas=Replicas(urls=(other.url,))))
    with pytest.raises(ChangedData, match=f"{other.url} has revision"):
        list_indices(changed)


def test_data_that_change_while_a_partition_is_read_are_refused(replicas: list[Flaky]) -> None:
    (partition,) = divide_by_rank(replicas)
    replicas[0].fail(["changed"], only="batches")
    with pytest.raises(ChangedData):
        list_indices(partition)


def test_what_names_no_split_is_refused(site: Site) -> None:
    with pytest.raises(ValueError, match="at least one address"):
        find_split([], dataset="made", split="train")
    with pytest.raises(ValueError, match="must be a list"):
        find_split(site.url, dataset="made", split="train")
    with pytest.raises(ValueError, match="train, test, all; there is no 'half'"):
        find_split([site.url], dataset="made", split="half")
    with pytest.raises(ProblemError, match="none"):
        find_split([site.url], dataset="none", split="train")


def test_headers_are_sent_and_not_shown(replicas: list[Flaky]) -> None:
    urls = [one.url.replace("//", "//user:secret@") for one in replicas]
    split = find_split(urls[:1], dataset="made", split="train", headers={"X-Key": "hidden"})
    replicas[0].headers.clear()
    list_indices(*partition_by_rank(split, 1))
    assert {headers["x-key"] for headers in replicas[0].headers} == {"hidden"}
    assert all(headers["authorization"].startswith("Basic ") for headers in replicas[0].headers)
    assert "hidden" not in repr(split)
    assert "secret" not in repr(split)


def test_a_key_of_the_environment_goes_to_the_readers_and_is_not_shown(
    replicas: list[Flaky], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITS_API_KEY", "digits_hidden")
    split = find_split([replicas[0].url], dataset="made", split="train")
    monkeypatch.delenv("DIGITS_API_KEY")  # which another machine lacks
    replicas[0].headers.clear()
    list_indices(*partition_by_rank(split, 1))
    assert {headers["authorization"] for headers in replicas[0].headers} == {"Bearer digits_hidden"}
    assert "hidden" not in repr(split)
