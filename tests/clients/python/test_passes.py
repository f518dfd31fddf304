"""Passes that follow one another: without a gap, without an end, by several workers, by samplers of one's own."""

import gc
from collections.abc import Iterator
from itertools import islice
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits_client import ProblemError, Split, StateMismatch, connect
from digits_client.request import Tail
from service.data.order import order_v1
from tests import made
from tests.clients.python.flaky import Flaky
from tests.clients.python.test_ahead import wait_for_threads
from tests.sites import Site


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """After a test no thread is left that fetches."""
    yield
    gc.collect()
    wait_for_threads()


@pytest.fixture
def behind(flaky: Flaky) -> Split:
    """The training split behind the flaky server."""
    return connect(flaky.url, patience=2).dataset("made")["train"]


def list_epochs(flaky: Flaky) -> list[int]:
    """The epochs that were requested, in their order."""
    queries = [parse_qs(urlsplit(target).query) for target in flaky.targets if "/batches?" in target]
    return [int(query["epoch"][0]) for query in queries]


def visited(batches: object) -> list[int]:
    return [int(index) for batch in batches for index in batch.index]  # type: ignore[attr-defined]


# --- the next epoch is requested before the present one ends ---


def test_the_next_epoch_is_requested_ahead_once_one_pass_followed_another(flaky: Flaky, behind: Split) -> None:
    batches = behind.batches(5, seed=2)
    assert visited(batches) == order_v1(made.TRAIN, seed=2).tolist()
    assert list_epochs(flaky) == [0]  # one pass alone costs one request
    for epoch in (1, 2):
        assert visited(batches) == order_v1(made.TRAIN, seed=2, epoch=epoch).tolist()
    wait_for_threads()
    assert list_epochs(flaky) == [0, 1, 2, 3]
    batches.close()
    assert visited(batches) == order_v1(made.TRAIN, seed=2, epoch=3).tolist()


def test_what_was_requested_ahead_is_dropped_where_another_epoch_is_wanted(behind: Split) -> None:
    batches = behind.batches(5, seed=2)
    for _ in range(3):
        visited(batches)
    batches.set_epoch(7)
    assert visited(batches) == order_v1(made.TRAIN, seed=2, epoch=7).tolist()
    batches.load_state_dict({**batches.state_dict(), "epoch": 8, "start": 10})
    assert visited(batches) == order_v1(made.TRAIN, seed=2, epoch=8).tolist()[10:]


def test_a_copy_takes_what_another_requested_ahead(flaky: Flaky, behind: Split) -> None:
    batches = behind.batches(5, seed=2)
    for epoch in range(4):
        assert visited(batches.copy_at(epoch)) == order_v1(made.TRAIN, seed=2, epoch=epoch).tolist()
    wait_for_threads()
    assert list_epochs(flaky) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("fault", ["busy", "cut", "silent", "reset"])
def test_what_fails_ahead_loses_nothing(flaky: Flaky, behind: Split, fault: str) -> None:
    flaky.fail(["none", "none", fault, fault], only="/batches?")  # type: ignore[list-item]
    batches = behind.batches(5, seed=2)
    for epoch in range(4):
        assert visited(batches) == order_v1(made.TRAIN, seed=2, epoch=epoch).tolist()


# --- without an end ---


@given(
    taken=st.integers(0, 20),
    batch_size=st.integers(1, 9),
    tail=st.sampled_from(["partial", "drop"]),
    start=st.integers(0, made.TRAIN),
)
@settings(max_examples=25)
def test_a_run_without_an_end_is_one_epoch_after_the_other_and_resumes_anywhere(
    train: Split, taken: int, batch_size: int, tail: Tail, start: int
) -> None:
    run = train.batches(batch_size, seed=3, epoch=2, start=start, tail=tail)
    first = visited(islice(run.forever(), taken))
    resumed = train.batches(batch_size, seed=3, tail=tail)
    resumed.load_state_dict(run.state_dict())
    rest = visited(islice(resumed.forever(), 10))
    passes = train.batches(batch_size, seed=3, epoch=2, start=start, tail=tail)
    expected = [index for _ in range(taken + 12) for index in visited(passes)]
    assert first + rest == expected[: len(first + rest)]
    run.close()
    resumed.close()


def test_a_run_without_a_batch_is_refused_instead_of_repeated_for_ever(train: Split) -> None:
    with pytest.raises(ValueError, match="smaller batch_size, or another tail"):
        next(train.batches(made.TRAIN + 1, tail="drop").forever())


def test_leaving_a_run_without_an_end_closes_it(behind: Split) -> None:
    with behind.batches(5) as batches:
        assert len(list(islice(batches.forever(), 12))) == 12
    wait_for_threads()


# --- several workers of one rank ---


@given(
    workers=st.integers(1, 4),
    batch_size=st.integers(1, 6),
    world_size=st.integers(1, 3),
    start=st.integers(0, made.TRAIN),
    tail=st.sampled_from(["partial", "drop", "pad"]),
    taken=st.integers(0, 2),
)
@settings(max_examples=40)
def test_workers_share_the_steps_of_a_pass(
    train: Split, workers: int, batch_size: int, world_size: int, start: int, tail: Tail, taken: int
) -> None:
    batches = train.batches(batch_size, seed=1, start=start, tail=tail, rank=world_size - 1, world_size=world_size)
    whole = [batch.index.tolist() for batch in batches.copy_at(0, start)]
    for worker in range(workers):
        mine = [batch.index.tolist() for batch in batches.split_steps(worker, workers, taken=taken)]
        assert mine == whole[worker::workers][taken:]
    assert batches.state_dict()["start"] == start


def test_a_worker_makes_one_request(flaky: Flaky, behind: Split) -> None:
    batches = behind.batches(2, seed=1)
    assert len(visited(batches.split_steps(1, 3))) == 8
    assert flaky.times("/batches?") == 1
    flaky.targets.clear()
    flaky.fail(["cut"], only="/batches?")
    assert visited(batches.split_steps(1, 3)) == [
        index for start in range(2, made.TRAIN, 6) for index in order_v1(made.TRAIN, seed=1)[start : start + 2]
    ]
    with pytest.raises(ValueError, match="from 0 to 2, not 3"):
        batches.split_steps(3, 3)


# --- ranges and balance ---


def test_a_range_holds_out_the_rest(train: Split) -> None:
    for epoch in range(2):
        kept, held_out = (train.batches(4, seed=2, epoch=epoch, range=text) for text in (":18", "18:"))
        assert sorted(visited(kept)) == list(range(18))
        assert sorted(visited(held_out)) == list(range(18, made.TRAIN))
    with pytest.raises(ProblemError, match="range"):
        len(train.batches(4, range="9:9"))
    assert sorted(train.rows(limit=30, range="5:9").index) == [5, 6, 7, 8]


def test_equal_ranges_are_one_run(train: Split) -> None:
    train.batches(4, range="18:").load_state_dict(train.batches(4, range=f"18:{made.TRAIN}").state_dict())
    train.batches(4).load_state_dict(train.batches(4, range=f"0:{made.TRAIN}").state_dict())
    with pytest.raises(StateMismatch, match=r"range '18:23' instead of None"):
        train.batches(4).load_state_dict(train.batches(4, range="18:").state_dict())


@pytest.mark.parametrize("shuffle", [True, False])
def test_balanced_batches_hold_every_class_equally_often(train: Split, shuffle: bool) -> None:
    classes = len(np.unique(train.labels))
    batches = train.batches(classes, seed=5, balanced=True, shuffle=shuffle, tail="drop")
    steps = list(batches)
    assert len(steps) == len(batches.copy_at(0)) == np.bincount(train.labels).min()
    assert all(sorted(batch.y) == list(range(classes)) for batch in steps)
    assert len(set(visited(steps))) == len(steps) * classes
    with pytest.raises(StateMismatch, match="balanced True instead of False"):
        train.batches(classes, seed=5, tail="drop", shuffle=shuffle).load_state_dict(batches.state_dict())


def test_an_order_that_is_not_balanced_is_refused(flaky: Flaky, behind: Split) -> None:
    from digits_client import UnexpectedAnswer  # noqa: PLC0415 - beside its use

    batches = behind.batches(4, seed=5, balanced=True)
    assert len(batches)
    flaky.rewrite = lambda target: target.replace("&balanced=true", "")
    with pytest.raises(UnexpectedAnswer, match="different samples of an epoch"):
        visited(batches)


# --- samplers of one's own ---


@given(sizes=st.lists(st.integers(0, 8), max_size=8), ahead=st.integers(1, 4))
@settings(max_examples=20)
def test_any_lists_of_samples_come_in_their_order(train: Split, sizes: list[int], ahead: int) -> None:
    wanted = [np.random.default_rng(size).integers(0, made.TRAIN, size) for size in sizes]
    batches = list(train.take_batches(wanted, ahead=ahead, layout="chw", scale="unit"))
    assert [batch.index.tolist() for batch in batches] == [one.tolist() for one in wanted]
    assert all(
        batch.x.shape == (len(one), 1, made.HEIGHT, made.WIDTH) for batch, one in zip(batches, wanted, strict=True)
    )


def test_an_endless_sampler_is_read_no_further_than_ahead(train: Split) -> None:
    drawn: list[int] = []

    def sample() -> Iterator[list[int]]:
        while True:
            drawn.append(len(drawn) % made.TRAIN)
            yield [drawn[-1]]

    assert visited(islice(train.take_batches(sample(), ahead=3), 5)) == [0, 1, 2, 3, 4]
    assert len(drawn) <= 5 + 3


def test_a_sampler_that_asks_for_what_is_not_there_is_told(train: Split) -> None:
    batches = train.take_batches([[1], [made.TRAIN]])
    assert next(batches).index.tolist() == [1]
    with pytest.raises(ProblemError, match="22"):
        next(batches)


# --- bars ---


def test_a_bar_is_drawn_for_a_download(live: Site, capsys: pytest.CaptureFixture[str]) -> None:
    split = connect(live.url, progress=True).dataset("digits")["all"]
    assert split.images.shape == (1797, 8, 8)
    shown = capsys.readouterr().err
    assert "/v1/datasets/digits/all.npz: 100%" in shown
    assert len(list(split.batches(1000))) == 2
    assert "epoch 0: 100%" in capsys.readouterr().err
    assert len(list(split.batches(1000, progress=False))) == 2
    assert capsys.readouterr().err == ""
