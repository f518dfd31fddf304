"""Batches of the client: all of them, once, in order, whatever happens in between."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any, get_args
from urllib.parse import parse_qs

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digits_client import Batch, Batches, ChangedData, ProblemError, Split, Unreachable, connect
from digits_client.batch import Layout
from digits_client.request import Tail
from digits_client.scale import Scale
from service.data.dataset import Dataset
from service.data.order import order_v1
from tests import made
from tests.clients.python.flaky import Flaky, run_flaky
from tests.clients.python.test_ahead import wait_for_threads
from tests.processes import ROOT
from tests.sites import Site


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """After a test no thread is left that fetches."""
    yield
    wait_for_threads()


def list_indices(batches: Any) -> list[list[int]]:  # noqa: ANN401 - any iterable of batches
    return [batch.index.tolist() for batch in batches]


def expected(
    *,
    batch_size: int,
    world_size: int = 1,
    rank: int = 0,
    seed: int = 0,
    epoch: int = 0,
    start: int = 0,
    shuffle: bool = True,
    tail: Tail = "partial",
) -> list[list[int]]:
    """The indices of every batch of a rank, by the published law and without the code of the client or the service."""
    order = order_v1(made.TRAIN, seed=seed, epoch=epoch).tolist() if shuffle else list(range(made.TRAIN))
    size, batches = batch_size * world_size, []
    for first in range(start, made.TRAIN, size):
        batch = order[first : first + size]
        if tail == "drop" and len(batch) < size:
            break
        if tail == "pad":
            batch = [*batch, *(order[number % made.TRAIN] for number in range(size - len(batch)))]
        batches.append(batch[rank::world_size])
    return batches


def arrange(images: NDArray[np.uint8], layout: Layout, scale: Scale) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Images of the made dataset in a layout and on a scale, by the published formulas."""
    reference = made.dataset(*made.values()).images[: made.TRAIN] / made.PEAK
    unit = images.astype(np.float32) / np.float32(made.PEAK)
    standard = (images / made.PEAK - reference.mean()) / reference.std()
    scaled = {"raw": images, "unit": unit, "standard": standard.astype(np.float32)}[scale]
    height, width = made.HEIGHT, made.WIDTH
    shapes = {"flat": (-1, height * width), "image": (-1, height, width), "chw": (-1, 1, height, width)}
    arranged: NDArray[np.uint8] | NDArray[np.float32] = scaled.reshape(shapes.get(layout, (-1, height, width, 1)))
    return arranged


shapes = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 12),
        "world_size": st.integers(1, 5),
        "seed": st.integers(0, 2**64 - 1),
        "epoch": st.integers(0, 9),
        "start": st.integers(0, made.TRAIN),
        "shuffle": st.booleans(),
        "tail": st.sampled_from(get_args(Tail)),
    }
)


@given(shape=shapes, draw=st.data())
@settings(max_examples=30)
def test_a_pass_is_the_epoch_of_the_rank(train: Split, shape: dict[str, Any], draw: st.DataObject) -> None:
    rank = draw.draw(st.integers(0, shape["world_size"] - 1))
    batches = train.batches(**shape, rank=rank)
    wanted = expected(**shape, rank=rank)
    assert len(batches) == len(wanted)
    assert list_indices(batches) == wanted
    assert batches.state_dict()["epoch"] == shape["epoch"] + 1


@pytest.mark.parametrize("layout", get_args(Layout))
@pytest.mark.parametrize("scale", get_args(Scale))
def test_values_are_those_of_the_dataset_and_the_callers_own(
    train: Split, tiny: Dataset, layout: Layout, scale: Scale
) -> None:
    for batch in train.batches(5, seed=3, layout=layout, scale=scale):
        values = arrange(tiny.images[batch.index], layout, scale)
        assert (batch.x.dtype, batch.x.shape) == (values.dtype, values.shape)
        if scale == "standard":
            assert np.allclose(batch.x, values, rtol=1e-6)  # the statistics are summed in another order
        else:
            assert batch.x.tobytes() == values.tobytes()
        assert batch.y.dtype == batch.index.dtype == np.int64
        assert batch.y.tolist() == tiny.labels[batch.index].tolist()
        assert len(batch) == batch.valid == len(values)
        assert batch.x.flags.writeable
        assert batch.y.flags.writeable
        batch.x[:] = 1


def test_padding_is_counted(train: Split) -> None:
    for rank in range(3):
        *whole, last = train.batches(5, rank=rank, world_size=3, tail="pad")
        assert [(len(batch), batch.valid) for batch in whole] == [(5, 5)]
        assert (len(last), last.valid) == (5, [3, 3, 2][rank])


def test_members_are_passed_on(train: Split, tiny: Dataset) -> None:
    labels = tiny.labels[: made.TRAIN]
    visited = [index for batch in list_indices(train.batches(4, label=[1, 2])) for index in batch]
    assert sorted(visited) == np.flatnonzero((labels == 1) | (labels == 2)).tolist()
    few = train.batches(4, per_class=2, seed=5)
    assert sorted(int(label) for batch in few for label in batch.y) == [0, 0, 1, 1, 2, 2, 3, 3]
    parts = [train.batches(8, fold=1, folds=2, part=part) for part in ("train", "holdout")]
    assert sorted(index for part in parts for batch in list_indices(part) for index in batch) == list(range(made.TRAIN))


# --- epochs, and where a run stands ---


def test_every_pass_is_the_next_epoch_and_any_may_be_set(train: Split) -> None:
    batches = train.batches(7, seed=2)
    for number in (0, 1, 2):
        assert batches.epoch == number
        assert list_indices(batches) == expected(batch_size=7, seed=2, epoch=number)
    batches.set_epoch(1)
    assert list_indices(batches) == expected(batch_size=7, seed=2, epoch=1)


@given(taken=st.integers(0, 6), other=st.sampled_from([(4, 1), (2, 2), (1, 4)]))
@settings(max_examples=20)
def test_a_state_counts_what_was_handed_out_and_any_number_of_ranks_goes_on(
    train: Split, taken: int, other: tuple[int, int]
) -> None:
    batches = train.batches(2, world_size=2, seed=6, epoch=3)
    handed_out = list(islice(batches, taken))
    state = batches.state_dict()
    assert (state["epoch"], state["start"]) == (3, min(made.TRAIN, 4 * len(handed_out)))

    batch_size, world_size = other
    ranks = [train.batches(batch_size, rank=rank, world_size=world_size, seed=6) for rank in range(world_size)]
    for one in ranks:
        one.load_state_dict(state)
        assert one.epoch == 3
        assert len(one) == 6 - len(handed_out)
    shuffled = order_v1(made.TRAIN, seed=6, epoch=3).tolist()
    for step, parts in enumerate(zip(*map(list_indices, ranks), strict=True), start=len(handed_out)):
        joined = [-1] * sum(map(len, parts))
        for rank, mine in enumerate(parts):
            joined[rank::world_size] = mine
        assert joined == shuffled[4 * step : 4 * step + 4]
    assert all(one.epoch == 4 for one in ranks)


def test_a_state_inside_the_loop_is_that_of_the_batch_in_hand(train: Split) -> None:
    batches = train.batches(5)
    starts = [batches.state_dict()["start"] for _ in batches]
    assert starts == [5, 10, 15, 20, 23]
    assert batches.state_dict()["start"] == 0


def test_a_step_may_be_asked_for_by_its_number(train: Split) -> None:
    batches = train.batches(4, seed=9, start=3)
    wanted = expected(batch_size=4, seed=9, start=3)
    assert [batches.step(number).index.tolist() for number in range(len(batches))] == wanted
    for number in (-1, len(batches)):
        with pytest.raises(IndexError, match="steps 0 to 4"):
            batches.step(number)
    assert batches.epoch == 0


def test_steps_by_number_use_one_connection(flaky: Flaky) -> None:
    batches = connect(flaky.url).dataset("made")["train"].batches(4)
    assert len(batches)
    flaky.targets.clear()
    for number in range(len(batches)):
        batches.step(number)
    assert flaky.connections == 1
    assert len(flaky.targets) == len(batches)


# --- what may happen in between ---


@given(
    faults=st.lists(
        st.sampled_from(["none", "busy", "limited", "broken", "gateway", "silent", "reset", "cut"]), max_size=7
    )
)
@settings(max_examples=10)
def test_no_batch_is_lost_or_repeated_whatever_fails(site: Site, faults: list[Any]) -> None:
    with run_flaky(site) as place:
        batches = connect(place.url).dataset("made")["train"].batches(2, seed=4)
        place.fail(faults, only="/batches?")
        assert list_indices(batches) == expected(batch_size=2, seed=4)
        wait_for_threads()


def test_a_broken_stream_goes_on_where_it_broke(live: Site) -> None:
    with run_flaky(live) as place:
        batches = connect(place.url).dataset("mnist")["test"].batches(100)
        place.fail(["cut"] * 3, only="/batches?")
        visited = [index for batch in batches for index in batch.index]
        targets = [parse_qs(target) for target in place.targets if "&start=" in target]
    assert visited == order_v1(10_000, seed=0).tolist()
    starts, steps = ([int(one[name][0]) for one in targets] for name in ("start", "steps"))
    assert len(starts) == 4
    assert starts[0] == 0 < starts[1] < starts[2] < starts[3]
    assert [start + 100 * left for start, left in zip(starts, steps, strict=True)] == [10_000] * 4


def test_data_that_change_in_the_middle_end_the_run(flaky: Flaky) -> None:
    batches = connect(flaky.url).dataset("made")["train"].batches(2)
    taken: list[Batch] = []
    flaky.fail(["cut", "changed"], only="/batches?")
    with pytest.raises(ChangedData):
        taken.extend(batches)
    assert flaky.left == 0
    assert batches.state_dict()["epoch"] == 0


def test_a_service_that_stays_away_is_told(flaky: Flaky) -> None:
    batches = connect(flaky.url, patience=0).dataset("made")["train"].batches(2)
    assert len(batches)
    flaky.fail(["silent"] * 20)
    with pytest.raises(Unreachable, match="failed once"):
        list(batches)


def test_what_the_service_refuses_is_told(train: Split) -> None:
    with pytest.raises(ProblemError, match="rank must be"):
        list(train.batches(2, rank=3, world_size=2))
    with pytest.raises(ProblemError, match="per_class must be at most"):
        len(train.batches(2, per_class=1_000))


def test_who_leaves_early_leaves_no_thread_behind(train: Split) -> None:
    batches = train.batches(1)
    for number, _ in enumerate(batches):
        if number == 3:
            break
    wait_for_threads()
    assert list_indices(batches) == expected(batch_size=1)
    iterator = iter(batches)
    next(iterator)
    del iterator
    wait_for_threads()


def test_who_leaves_a_long_run_early_ends_what_was_under_way(live: Site) -> None:
    batches = connect(live.url).dataset("mnist")["train"].batches(64)
    for _ in islice(batches, 3):
        pass
    wait_for_threads()
    assert batches.state_dict()["start"] == 3 * 64


def test_a_bar_is_drawn_on_request(train: Split, capsys: pytest.CaptureFixture[str]) -> None:
    batches = train.batches(5, progress=True)
    assert len(list(batches)) == 5
    assert "epoch 0: 100%" in capsys.readouterr().err


def test_two_passes_at_once_do_not_disturb_each_other(train: Split) -> None:
    one, other = train.batches(2, seed=1), train.batches(2, seed=1)
    for mine, theirs in zip(one, other, strict=True):
        assert mine.index.tolist() == theirs.index.tolist()


def test_batches_are_pickled_with_the_place_where_they_stand(train: Split) -> None:
    batches: Batches = train.batches(4, seed=8, start=8)
    other = pickle.loads(pickle.dumps(batches))  # noqa: S301 - our own
    assert other.state_dict() == batches.state_dict()
    assert list_indices(other) == list_indices(batches)


FORKED = """
import os, sys
from digits_client import connect

train = connect(sys.argv[1]).dataset("digits")["all"]
batches = train.batches(100, seed=1)
first = next(iter(batches)).index.tolist()
children = []
for rank in range(3):
    child = os.fork()
    if child == 0:
        mine = [index for batch in batches.on_rank(rank, 3) for index in batch.index]
        os._exit(0 if len(set(mine)) == len(mine) == 599 else 1)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
assert next(iter(batches)).index.tolist() == first
"""


@pytest.mark.skipif(sys.platform == "win32", reason="cannot fork")
def test_forked_processes_each_use_sockets_of_their_own(live: Site) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", FORKED, live.url], cwd=ROOT, check=True, timeout=60)
