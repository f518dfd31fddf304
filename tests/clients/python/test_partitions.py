"""Partitions: together they are the split, each sample once, and each is what its paths say, from any replica."""

import io
import pickle
from collections.abc import Callable, Sequence
from urllib.request import urlopen

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digits_client import Batch, ProblemError
from digits_client.partitions import (
    MOST_PARTITIONS,
    RankPartition,
    ReplicatedSplit,
    RowPartition,
    find_split,
    partition_by_rank,
    partition_by_rows,
)
from service.data.dataset import Dataset
from service.data.order import order_v1
from tests import made
from tests.clients.python.flaky import Flaky
from tests.sites import Site

Partition = RankPartition | RowPartition
Divide = Callable[..., Sequence[Partition]]

NUMBERS = st.integers(1, made.TRAIN + 5)
"""Numbers of partitions, larger than that of samples as well."""


@pytest.fixture(scope="module")
def train(site: Site) -> ReplicatedSplit:
    return find_split([site.url], dataset="made", split="train")


def join(partition: Partition) -> Batch:
    """All rows of a partition that has some."""
    batches = list(partition.read())
    assert all(len(batch) == batch.valid > 0 for batch in batches)
    x, y, index = (np.concatenate([getattr(batch, name) for batch in batches]) for name in ("x", "y", "index"))
    return Batch(x, y, index, len(index))


def list_indices(partition: Partition) -> list[int]:
    batches = list(partition.read())
    assert all(len(batch) for batch in batches)
    return [index for batch in batches for index in batch.index.tolist()]


def read_path(url: str) -> NDArray[np.int64]:
    """The indices in the Arrow stream at a URL, without the client."""
    with urlopen(url) as answer, pa.ipc.open_stream(io.BytesIO(answer.read())) as stream:
        return np.asarray(stream.read_all()["index"].to_numpy())


@settings(max_examples=25)
@given(number=NUMBERS, batch_size=st.integers(1, 9), seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 2**32 - 1))
def test_partitions_by_rank_are_the_ranks_of_order_v1(
    train: ReplicatedSplit, number: int, batch_size: int, seed: int, epoch: int
) -> None:
    order = order_v1(made.TRAIN, seed=seed, epoch=epoch).tolist()
    partitions = partition_by_rank(train, number, batch_size=batch_size, seed=seed, epoch=epoch)
    assert [list_indices(one) for one in partitions] == [order[rank::number] for rank in range(number)]
    assert [len(one) for one in partitions] == [len(order[rank::number]) for rank in range(number)]


@settings(max_examples=25)
@given(number=NUMBERS, batch_size=st.integers(1, 9))
def test_partitions_by_rows_are_the_file_in_pieces_of_nearly_equal_size(
    train: ReplicatedSplit, number: int, batch_size: int
) -> None:
    partitions = partition_by_rows(train, number, batch_size=batch_size)
    assert [index for one in partitions for index in list_indices(one)] == list(range(made.TRAIN))
    sizes = [len(one) for one in partitions]
    assert len(sizes) == number
    assert max(sizes) - min(sizes) <= 1


def test_without_shuffling_ranks_take_turns_in_the_order_of_the_file(train: ReplicatedSplit) -> None:
    first, second = partition_by_rank(train, 2, shuffle=False)
    assert list_indices(first) == list(range(0, made.TRAIN, 2))
    assert list_indices(second) == list(range(1, made.TRAIN, 2))


@pytest.mark.parametrize("divide", [partition_by_rank, partition_by_rows])
@pytest.mark.parametrize(("layout", "scale"), [("image", "raw"), ("flat", "unit"), ("hwc", "standard")])
def test_values_are_those_of_the_data(
    train: ReplicatedSplit, tiny: Dataset, divide: Divide, layout: str, scale: str
) -> None:
    reference = (tiny.images[: made.TRAIN] / made.PEAK).astype(np.float64)
    scaled = {
        "raw": tiny.images,
        "unit": tiny.images.astype(np.float32) / np.float32(made.PEAK),
        "standard": ((tiny.images / made.PEAK - reference.mean()) / reference.std()).astype(np.float32),
    }[scale]
    shape = {"image": (made.HEIGHT, made.WIDTH), "flat": (-1,), "hwc": (made.HEIGHT, made.WIDTH, 1)}[layout]
    for partition in divide(train, 3, layout=layout, scale=scale):
        rows = join(partition)
        assert rows.x.dtype == scaled.dtype
        assert np.array_equal(rows.x, scaled[rows.index].reshape(len(rows), *shape))
        assert np.array_equal(rows.y, tiny.labels[rows.index])


@pytest.mark.parametrize("divide", [partition_by_rank, partition_by_rows])
@pytest.mark.parametrize("number", [1, 4, made.TRAIN + 2])
def test_a_partition_is_what_any_client_gets_at_its_paths(
    site: Site, train: ReplicatedSplit, divide: Divide, number: int
) -> None:
    for partition in divide(train, number, batch_size=2):
        parts = [read_path(site.url + path) for path in partition.paths]
        assert [index for part in parts for index in part] == list_indices(partition)
        assert all(f"rev={train.rev}" in path for path in partition.paths)


@pytest.mark.parametrize("divide", [partition_by_rank, partition_by_rows])
def test_an_empty_partition_requests_nothing(flaky: Flaky, divide: Divide) -> None:
    split = find_split([flaky.url], dataset="made", split="train")
    partitions = divide(split, made.TRAIN + 5)
    flaky.targets.clear()
    empty = [one for one in partitions if not len(one)]
    assert len(empty) == 5
    assert [(list(one.read()), one.paths) for one in empty] == [([], ())] * 5
    assert flaky.targets == []


@pytest.mark.parametrize("divide", [partition_by_rank, partition_by_rows])
def test_a_pickled_partition_reads_the_same(train: ReplicatedSplit, divide: Divide) -> None:
    for partition in divide(train, 2):
        copy = pickle.loads(pickle.dumps(partition))  # noqa: S301 - our own
        assert copy == partition
        assert list_indices(copy) == list_indices(partition) == list_indices(partition)


@pytest.mark.parametrize("divide", [partition_by_rank, partition_by_rows])
def test_numbers_out_of_range_are_refused_before_anything_is_sent(train: ReplicatedSplit, divide: Divide) -> None:
    for number in (0, -1, MOST_PARTITIONS + 1):
        with pytest.raises(ValueError, match=f"from 1 to {MOST_PARTITIONS}, not {number}"):
            divide(train, number)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        divide(train, 1, batch_size=0)
    with pytest.raises(TypeError):
        divide(train, 1.5)


def test_the_largest_number_of_partitions_is_that_of_the_service(train: ReplicatedSplit) -> None:
    partitions = partition_by_rank(train, MOST_PARTITIONS)
    assert list_indices(partitions[made.TRAIN - 1]) == [order_v1(made.TRAIN, seed=0)[-1]]


@pytest.mark.parametrize("divide", [partition_by_rank, partition_by_rows])
def test_what_the_service_does_not_accept_is_refused_by_it(train: ReplicatedSplit, divide: Divide) -> None:
    (partition,) = divide(train, 1, batch_size=10_001)
    if divide is partition_by_rows:
        partition = RowPartition(
            split=train, number=0, rows=range(20_000), batch_size=10_001, layout="image", scale="raw"
        )
    with pytest.raises(ProblemError, match=r"10,?000|8,?192"):
        list(partition.read())
