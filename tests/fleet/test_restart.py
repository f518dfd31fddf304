"""Replicas end and start again while clients read; none of them sees a failure."""

import itertools
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest

from digits_client import connect
from tests.fleet.conftest import Fleet
from tests.fleet.load import Request, running_load
from tests.sites import Site

TRAIN = "/v1/datasets/mnist/train"

THREADS = 4

ENOUGH = 50
"""Answers in which a request that is lost would be seen: more than there are connections."""


def draw_requests(number: int) -> Iterator[Request]:
    """Requests that nobody has sent before, so that no cache answers them, and some that the cache knows."""
    generator = random.Random(number)
    for turn in itertools.count():
        fresh = turn * THREADS + number
        yield "GET", f"{TRAIN}/samples/{fresh % 60_000}.png?scale=2", None
        yield "GET", f"{TRAIN}/rows?limit=20&seed={fresh}", None
        yield "GET", f"{TRAIN}/batches?batch_size=32&seed={number}&epoch={turn}", None
        yield "GET", f"{TRAIN}/samples/{generator.randrange(20)}.png", None
        yield "POST", f"{TRAIN}/take", json.dumps({"indices": [fresh % 60_000]}).encode()


def test_a_rolling_restart_loses_no_request_and_an_epoch_no_sample(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    indices = []
    with connect(fleet.nginx.url) as client, running_load(fleet.nginx.url, draw_requests, threads=THREADS) as load:
        for number, batch in enumerate(client.dataset("mnist")["train"].batches(64, seed=7)):
            indices.append(batch.index)
            if number == 10:  # the rest of the stream is far more than sockets hold, so a replica cannot finish it
                for replica in fleet.replicas:
                    load.wait(ENOUGH)
                    replica.stop()
                    load.wait(ENOUGH)
                    replica.start()
    assert load.faults == []
    assert np.array_equal(np.sort(np.concatenate(indices)), np.arange(60_000))
    assert "digits_client" in {record.name for record in caplog.records}, "the stream was not cut"


def test_a_replica_that_is_killed_costs_no_request_and_without_any_the_cache_still_answers(fleet: Fleet) -> None:
    kept, other = f"{TRAIN}/samples/123.png", f"{TRAIN}/samples/124.png"
    expected = fleet.front.get(kept)
    with running_load(fleet.nginx.url, draw_requests, threads=THREADS) as load:
        load.wait(ENOUGH)
        fleet.replicas[0].kill()
        load.wait(5 * ENOUGH)
    assert load.faults == []

    fleet.replicas[1].kill()
    try:
        answer = fleet.front.get(kept)
        assert (answer.body, answer["ETag"]) == (expected.body, expected["ETag"])
        refused = fleet.front.get(other)
        assert (refused.status, refused["Retry-After"], refused["Cache-Control"]) == (503, "1", "no-store")
        assert refused.json["type"] == "/problems/unavailable"
        assert refused.json["instance"] == other
    finally:
        for replica in fleet.replicas:
            replica.start()
    assert fleet.front.get(other).status == 200


def test_ranks_read_one_epoch_exactly_once_from_all_replicas(fleet: Fleet) -> None:
    def read(rank: int) -> list[int]:
        site = Site([*(one.url for one in fleet.replicas), fleet.nginx.url][rank % 3])
        target = f"{TRAIN}/batches?batch_size=1500&world_size=4&rank={rank}&seed=3&start="
        answers = [site.get(f"{target}{start}") for start in range(0, 60_000, 6_000)]
        return [index for answer in answers for index in np.load(BytesIO(answer.body))["index"]]

    with ThreadPoolExecutor(4) as pool:
        assert sorted(itertools.chain(*pool.map(read, range(4)))) == list(range(60_000))
