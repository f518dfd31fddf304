"""The Python client under faults of a real network and a real server: an epoch has every sample once, in order v1."""

import os
import random
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest

from digits_client import Batch, Split, connect, retry
from digits_client.partitions import find_split, partition_by_rank, partition_by_rows
from service.data.dataset import Dataset
from service.data.order import order_v1
from tests.faults.proxy import CuttingProxy, Kind, Wound, cutting
from tests.processes import RunningServer, run_server
from tests.sites import Site

SEED = 7


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow one another at once; how long the client waits between them is tested elsewhere."""
    monkeypatch.setattr(retry, "LONGEST_PAUSE", 0.1)


EPOCH_BYTES = 7_900_000
"""About the size of an epoch of MNIST's test split."""

KINDS: tuple[Kind, ...] = ("cut", "reset", "half-close", "pause", "drip", "refuse")


def draw_wounds(kinds: tuple[Kind, ...], *, number: int, most: int = EPOCH_BYTES // 3) -> list[Wound]:
    """Wounds at random places, some of them in the head of an answer."""
    chance = random.Random(SEED)
    return [Wound(chance.choice(kinds), chance.choice((0, 1, 40, chance.randrange(most)))) for _ in range(number)]


def assert_epoch(batches: Iterator[Batch], data: Dataset, split: str = "test", *, epoch: int = 0) -> int:
    """Every sample came once, in order v1 and with its own values; the number of batches."""
    samples = data.card.splits[split]
    received = list(batches)
    index = np.concatenate([batch.index for batch in received])
    assert np.array_equal(index, order_v1(len(samples), seed=SEED, epoch=epoch))
    assert np.array_equal(np.concatenate([batch.x for batch in received]), data.images[samples][index])
    assert np.array_equal(np.concatenate([batch.y for batch in received]), data.labels[samples][index])
    return len(received)


def open_split(url: str, *, timeout: float = 30.0) -> Split:
    return connect(url, patience=60, timeout=timeout).dataset("mnist")["test"]


def disturb(batches: Iterator[Batch], at: int, disturbance: Callable[[], None]) -> Iterator[Batch]:
    """The batches; a disturbance comes after some of them."""
    for number, batch in enumerate(batches):
        if number == at:
            disturbance()
        yield batch


# --- a proxy that cuts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_epoch_survives_a_proxy_that_does_one_thing_again_and_again(live: Site, mnist: Dataset, kind: Kind) -> None:
    with cutting(live, draw_wounds((kind,), number=8)) as proxy:
        assert_epoch(iter(open_split(proxy.url).batches(100, seed=SEED)), mnist)
        assert proxy.connections > (kind not in ("pause", "drip"))


def test_an_epoch_survives_a_proxy_that_does_everything(live: Site, mnist: Dataset) -> None:
    with cutting(live, draw_wounds((*KINDS, "silence"), number=25)) as proxy:
        batches = open_split(proxy.url, timeout=0.5).batches(64, seed=SEED)
        assert_epoch(iter(batches), mnist)
        assert_epoch(iter(batches), mnist, epoch=1)


def test_rows_and_downloads_survive_a_proxy_that_cuts(live: Site, mnist: Dataset) -> None:
    test = mnist.card.splits["test"]
    chosen = np.random.default_rng(SEED).integers(0, len(test), 5_000)
    with cutting(live, draw_wounds(("cut", "reset", "half-close", "refuse"), number=12, most=3_000_000)) as proxy:
        split = open_split(proxy.url)
        rows = split.take(chosen)
        assert np.array_equal(rows.x, mnist.images[test][chosen])
        assert np.array_equal(split.rows(100, 1_000).x, mnist.images[test][100:1_100])
        assert np.array_equal(split.images, mnist.images[test])
        assert np.array_equal(split.labels, mnist.labels[test])


@pytest.mark.slow
@pytest.mark.parametrize("by_rank", [True, False], ids=["ranks", "rows"])
def test_partitions_survive_proxies_that_cut(live: Site, mnist: Dataset, *, by_rank: bool) -> None:
    with ExitStack() as stack:
        proxies: list[CuttingProxy] = [
            stack.enter_context(cutting(live, draw_wounds(("cut", "reset", "refuse"), number=6, most=1_000_000)))
            for _ in range(2)
        ]
        split = find_split([proxy.url for proxy in proxies], dataset="mnist", split="test", patience=60)
        parts = partition_by_rank(split, 3, batch_size=50, seed=SEED) if by_rank else partition_by_rows(split, 3)
        index = np.concatenate([batch.index for part in parts for batch in part.read()])
        assert np.array_equal(np.sort(index), np.arange(len(mnist.card.splits["test"])))


# --- a server that dies, or stands still ------------------------------------------------------------------------------


class Restarted:
    """A server on one port, which may be killed and started again there."""

    def __init__(self, stack: ExitStack) -> None:
        """Start it on a free port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.starts = 0
        self._stack = stack
        self._threads: list[threading.Thread] = []
        self.running = self._run()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """Kill it at once, and start another one meanwhile."""
        self.running.process.kill()
        thread = threading.Thread(target=self._restart, args=(self.running,))
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Wait until it runs again."""
        for thread in self._threads:
            thread.join(60)

    def _restart(self, killed: RunningServer) -> None:
        killed.process.wait(30)
        self.running = self._run()

    def _run(self) -> RunningServer:
        self.starts += 1
        command = [sys.executable, "-m", "service", "serve", "--port", str(self.port)]
        return self._stack.enter_context(run_server(command))


@pytest.fixture(scope="module")
def restarted() -> Iterator[Restarted]:
    """A server that may be killed."""
    with ExitStack() as stack:
        server = Restarted(stack)
        yield server
        server.join()


@contextmanager
def stopped(process_id: int, seconds: float) -> Iterator[None]:
    """A process that stands still for a while."""
    os.kill(process_id, signal.SIGSTOP)
    timer = threading.Timer(seconds, os.kill, (process_id, signal.SIGCONT))
    timer.start()
    try:
        yield
    finally:
        timer.join()


@pytest.mark.parametrize("timeout", [30.0, 0.5], ids=["patient", "impatient"])
def test_an_epoch_survives_a_server_that_stands_still(restarted: Restarted, mnist: Dataset, timeout: float) -> None:
    batches = open_split(restarted.url, timeout=timeout).batches(64, seed=SEED)
    with ExitStack() as stack:

        def stop() -> None:
            stack.enter_context(stopped(restarted.running.process.pid, 1.5))

        assert_epoch(disturb(iter(batches), 20, stop), mnist)


def test_an_epoch_survives_the_death_of_the_server(restarted: Restarted, mnist: Dataset) -> None:
    batches = open_split(restarted.url).batches(64, seed=SEED)
    assert assert_epoch(disturb(iter(batches), 20, restarted.kill), mnist) == 157
    restarted.join()
    assert restarted.starts == 2


@pytest.mark.slow
def test_the_death_of_a_replica_ends_no_partition(live: Site, restarted: Restarted, mnist: Dataset) -> None:
    """The other replica continues the partition."""
    restarted.join()
    split = find_split([restarted.url, live.url], dataset="mnist", split="test", patience=60)
    (part,) = partition_by_rank(split, 1, batch_size=64, seed=SEED)
    assert_epoch(disturb(part.read(), 20, restarted.kill), mnist)
