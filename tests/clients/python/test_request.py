"""Streams of batches that are not what was requested: they end in progress or in an error, never in a loop."""

import re
import struct
import threading
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pytest

from digits_client import Split, UnexpectedAnswer, Unreachable, connect
from digits_client.cancellation import Cancellation
from digits_client.flatbuffers import read_int64, read_u32
from digits_client.order import order_v1
from digits_client.request import Tail
from service.data.order import order_v1 as published
from tests import made
from tests.clients.python.flaky import Fault, Flaky
from tests.clients.python.test_ahead import wait_for_threads
from tests.sites import Site

END = struct.pack("<Ii", 0xFFFFFFFF, 0)
"""The end mark of a stream."""


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """After a test no thread is left that fetches."""
    yield
    wait_for_threads()


@pytest.fixture
def split(flaky: Flaky) -> Split:
    """The training split behind the flaky server."""
    return connect(flaky.url, patience=2).dataset("made")["train"]


def messages(stream: bytes) -> list[bytes]:
    """The messages of a stream, without its end."""
    found, place = [], 0
    while stream[place : place + 8] != END:
        (size,) = struct.unpack_from("<i", stream, place + 4)
        message = stream[place + 8 : place + 8 + size]
        body = read_int64(message, read_u32(message, 0), 3)
        found.append(stream[place : place + 8 + size + body])
        place += 8 + size + body
    return found


def shorten(batches: int, *, end: bytes) -> Callable[[str, bytes], bytes]:
    """Keep so many batches of every stream."""
    return lambda path, body: b"".join(messages(body)[: 1 + batches]) + end if "steps=" in path else body


@pytest.mark.parametrize(("n", "seed", "epoch"), [(0, 0, 0), (10, 0, 0), (1, 5, 5), (60_000, 2**64 - 1, 2**32 - 1)])
def test_the_order_is_the_published_one(n: int, seed: int, epoch: int) -> None:
    assert np.array_equal(order_v1(n, seed=seed, epoch=epoch), published(n, seed=seed, epoch=epoch))


def test_the_order_is_that_of_the_specification() -> None:
    assert order_v1(10).tolist() == [2, 0, 7, 5, 4, 6, 1, 3, 8, 9]
    assert order_v1(10, epoch=1).tolist() == [5, 3, 2, 9, 0, 4, 1, 7, 8, 6]
    assert order_v1(10, seed=1).tolist() == [3, 2, 6, 9, 0, 5, 4, 7, 1, 8]


@pytest.mark.parametrize("end", [END, b""], ids=["valid", "ends between batches"])
def test_a_short_stream_is_continued(flaky: Flaky, split: Split, end: bytes) -> None:
    flaky.replace = shorten(2, end=end)
    visited = [int(index) for batch in split.batches(3, seed=1) for index in batch.index]
    assert visited == order_v1(made.TRAIN, seed=1).tolist()
    assert flaky.times("/batches?") == 4


@pytest.mark.parametrize("end", [END, b""], ids=["valid", "ends between batches"])
def test_a_stream_without_batches_ends_in_an_error(flaky: Flaky, split: Split, end: bytes) -> None:
    flaky.replace = shorten(0, end=end)
    with pytest.raises(Unreachable, match=r"batches early|without its end mark"):
        list(split.batches(3))
    assert 2 <= flaky.times("/batches?") < 30


def test_a_stream_with_more_batches_than_requested_is_refused(flaky: Flaky, split: Split) -> None:
    flaky.rewrite = lambda target: target.replace("steps=2", "steps=4")
    batches = split.batches(3, start=made.TRAIN - 5)
    assert len(batches) == 2
    flaky.rewrite = lambda target: target.replace(f"start={made.TRAIN - 5}&steps=2", "start=0&steps=4")
    with pytest.raises(UnexpectedAnswer, match="a part of the URL"):
        list(batches)


@pytest.mark.parametrize("ignored", ["seed", "epoch", "start", "rank", "world_size", "batch_size", "steps"])
def test_batches_of_a_cache_that_ignores_the_query_are_refused(flaky: Flaky, split: Split, ignored: str) -> None:
    rank = 0 if ignored == "world_size" else 1  # the service refuses a rank that is not below the world size
    batches = split.batches(3, seed=5, epoch=3, start=6, rank=rank, world_size=2)
    assert len(batches)
    flaky.rewrite = lambda target: re.sub(
        rf"(?<=[?&]){ignored}=[^&]*&?", "steps=2&" if ignored == "steps" else "", target
    )
    with pytest.raises((UnexpectedAnswer, Unreachable)):
        list(batches)


def test_batches_of_other_classes_are_refused(flaky: Flaky, split: Split) -> None:
    batches = split.batches(3, label=[1, 2])
    assert len(batches)
    flaky.rewrite = lambda target: re.sub(r"(?<=[?&])label=1&?", "", target)
    with pytest.raises(UnexpectedAnswer):
        list(batches)


def test_an_epoch_of_other_samples_than_the_split_has_is_refused(flaky: Flaky, split: Split) -> None:
    flaky.rewrite = lambda target: target.replace("/train/", "/test/")
    with pytest.raises(UnexpectedAnswer, match=f"counts {made.TEST} samples in an epoch of a split of {made.TRAIN}"):
        len(split.batches(3))


def test_values_of_another_revision_are_refused(flaky: Flaky, split: Split) -> None:
    batches = split.batches(3)
    assert len(batches)
    flaky.replace = lambda path, body: body.replace(split.rev.encode(), b"000000000000") if "steps=" in path else body
    with pytest.raises(UnexpectedAnswer, match="has rev '000000000000'"):
        list(batches)


@pytest.mark.parametrize("tail", ["partial", "drop", "pad"])
@pytest.mark.parametrize("subset", [{}, {"label": 2}, {"fold": 1, "folds": 2}, {"per_class": 2}])
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_kind_of_run_passes_the_checks(train: Split, tail: Tail, subset: dict[str, int], shuffle: bool) -> None:
    for rank in range(3):
        batches = train.batches(2, seed=4, rank=rank, world_size=3, tail=tail, shuffle=shuffle, **subset)  # type: ignore[arg-type]
        assert len(list(batches)) == len(batches.copy_at(0))


# --- leaving ---


@pytest.mark.parametrize("fault", ["stalled", "halted"])
def test_who_leaves_leaves_no_thread_with_a_stalled_connection(flaky: Flaky, fault: Fault) -> None:
    batches = connect(flaky.url, timeout=60).dataset("made")["train"].batches(2)
    assert len(list(batches)) == 12
    flaky.fail(["none", fault], only="/batches?")  # the present epoch, and the next one
    iterator = iter(batches)
    first = next(iterator)
    assert len(first) == 2
    assert flaky.left_halfway.acquire(timeout=20)
    del iterator
    batches.close()
    for thread in threading.enumerate():
        if thread.name.startswith("digits-ahead"):
            thread.join(5)
            assert not thread.is_alive()


def test_who_leaves_ends_what_was_fetched_for_later(live: Site) -> None:
    batches = connect(live.url).dataset("mnist")["train"].batches(64)
    assert len(list(islice(batches, 3))) == 3
    wait_for_threads()


def test_a_cancelled_run_makes_no_more_requests(flaky: Flaky, split: Split) -> None:
    cancellation = Cancellation()
    fetched = split.batches(2).request.fetch_rows(0, 0, cancellation=cancellation)
    next(fetched)
    number = len(flaky.targets)
    cancellation.cancel()
    fetched.close()
    assert len(flaky.targets) == number
