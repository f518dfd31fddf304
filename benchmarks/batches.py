"""Training batches: an epoch over HTTP beside Arrow Flight, single batches beside the bare application."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import count

from benchmarks import flight, table
from benchmarks.load import Ask
from benchmarks.readers import BATCHES, Epoch, arrow_samples, hold, raw_bytes, samples_one_by_one, together
from benchmarks.routes import COLUMNS, SMALL_CACHE, beside
from benchmarks.server import Cores, Server, bare, service, serving
from benchmarks.table import Table
from digits_client import Split, connect

SAMPLES = 60_000
"""Samples of an epoch."""

SIZES = (64, 256, 1_024)
"""Batch sizes."""

OF_FLIGHT = {64: 3.0, 256: 2.0, 1_024: 1.5}
"""Least rate of a stream in those of Flight, by batch size."""

OF_BARE_STREAM = 0.8
"""Least rate of a stream's bytes, in those of a bare application that sends as many in pieces of `PIECE`."""

PIECE = 262_144
"""Bytes of a piece of the bare stream."""

OF_STREAM = 0.8
"""Least rate of the Python client, in those of the stream."""

OF_BARE: Mapping[str, float | None] = {"npy": 0.20, "safetensors": 0.20, "npz": 0.15}
"""Least rate of single batches, in those of the bare application."""

SEEDS: tuple[tuple[int, str, Mapping[str, float | None]], ...] = (
    (8, "known order", OF_BARE),
    (2**40, "new order", {"npy": None}),
)
"""How many seeds there are, what that means, and the formats to try."""

RANKS = 8

EVEN = 0.8
"""Least rate of all ranks together in that of one client, and of the slowest rank in that of the fastest."""

HELD = 30.0
"""Most megabytes that eight slow readers may cost."""

_fresh = count()
"""Numbers of epochs that nobody has asked for, so that every order is computed anew."""


def run(cores: Cores, *, rounds: int) -> None:
    """Measure and print: epochs, single batches, many clients."""
    with service(cores.server, response_cache_bytes=SMALL_CACHE) as ours:
        if ours.ask(f"{BATCHES}?batch_size=1").status != HTTPStatus.OK:
            print(f"\nThere are no training batches at {BATCHES}, so they are not measured.")
            return
        words = (sys.executable, "-m", "benchmarks.flight", "{port}")
        with serving(words, core=cores.server, ready=None) as peer, bare(cores.server) as plain:
            _epochs(ours, peer, plain, rounds=rounds)
            _single(ours, plain, cores=cores, rounds=rounds)
        _many(ours, rounds=rounds)


def _epochs(ours: Server, peer: Server, plain: Server, *, rounds: int) -> None:
    rows = Table(
        "Shuffled epoch of 60,000, thousand samples a second",
        ("batch size", "way", "rate", "server CPU ms", "ratio", "target", "reached"),
        [
            "Both sides shuffle by order v1, a new epoch every time. Streams are `steps=all` as Arrow; what pyarrow",
            "reads is compared with Flight, and the client with that. The best of several turns.",
        ],
    )
    rows.begin()
    for size in SIZES:
        its = (partial(_flight, peer.port, size), peer)
        stream = (partial(_arrow, ours.port, size), ours)
        raw = (partial(_raw, ours.port, size), ours)
        client = (partial(_client, connect(ours.url).dataset("mnist")["train"], size), ours)
        length = raw_bytes(ours.port, Epoch(batch_size=size).path)
        bytes_alone = (partial(_bare, plain.port, length), plain)
        flown, read, taken, sent, fed = _paces((its, stream, raw, bytes_alone, client), turns=5 + 2 * rounds)
        for name, pace, other, target in (
            ("Arrow Flight", flown, None, None),
            ("stream, read by pyarrow", read, flown, OF_FLIGHT[size]),
            ("bare application, as many bytes", sent, None, None),
            ("stream, bytes alone, of the bare application", taken, sent, OF_BARE_STREAM),
            ("digits_client", fed, read, OF_STREAM),
        ):
            ratio = pace.rate / other.rate if other else 1.0
            rows.add(
                *(str(size), name, table.count(pace.rate / 1e3), table.count(pace.cpu * 1e3)),
                *((table.ratio(ratio) if other else ""), table.at_least(target), table.reached(ratio, target)),
            )


@dataclass(frozen=True)
class Pace:
    """How fast an epoch went: samples a second, and seconds of the server's processor."""

    rate: float
    cpu: float


def _flight(port: int, size: int, number: int) -> int:
    return sum(batch.num_rows for batch in flight.epoch(port, batch_size=size, number=number))


def _arrow(port: int, size: int, number: int) -> int:
    return arrow_samples(port, Epoch(batch_size=size, number=number))


def _raw(port: int, size: int, number: int) -> int:
    return raw_bytes(port, Epoch(batch_size=size, number=number).path)


def _bare(port: int, size: int, _: int) -> int:
    return raw_bytes(port, f"/200/{size}/0/{PIECE}")


def _client(split: Split, size: int, number: int) -> int:
    return sum(len(batch) for batch in split.batches(size, epoch=number))


def _paces(ways: Sequence[tuple[Callable[[int], int], Server]], *, turns: int) -> list[Pace]:
    """The best pace of each way to read an epoch from its server, in so many turns."""
    spent: list[list[tuple[float, float]]] = [[] for _ in ways]
    for _ in range(turns):
        for (way, server), seconds in zip(ways, spent, strict=True):
            number, cpu, began = next(_fresh), server.cpu(), time.perf_counter()
            way(number)
            seconds.append((time.perf_counter() - began, server.cpu() - cpu))
    return [Pace(SAMPLES / min(clock), min(cpu)) for clock, cpu in (zip(*seconds, strict=True) for seconds in spent)]


def _single(ours: Server, plain: Server, *, cores: Cores, rounds: int) -> None:
    rows = Table(
        "One batch of 256, nothing cached",
        (*COLUMNS, "target", "reached"),
        ["`start` is random; the seed is one of eight, whose orders are kept, or new every time."],
    )
    rows.begin()
    for seeds, name, targets in SEEDS:
        for suffix, target in targets.items():
            ask = Ask(f"{BATCHES}?batch_size=256&seed={{{seeds}}}&start={{59744}}&format={suffix}")
            size, found = beside(ask, ours, plain, cores=cores, rounds=rounds)
            rows.add(
                f"{suffix}, {name}",
                f"{size:,}",
                *(table.count(found.theirs.requests), table.count(found.ours.requests), table.ratio(found.requests)),
                *(table.count(found.theirs.cpu), table.count(found.ours.cpu), table.ratio(found.cpu)),
                *(table.at_least(target), table.reached(found.cpu, target)),
            )


def _many(ours: Server, *, rounds: int) -> None:
    rows = Table("Many clients", ("what", "target", "measured", "reached"))
    rows.begin()
    one, eight, evenness = _ranks(ours, rounds=rounds)
    rows.add("one client, thousand samples/s", "", table.count(one / 1e3), "")
    rows.add(
        f"{RANKS} ranks together, of one client",
        table.at_least(EVEN),
        table.ratio(eight / one),
        table.reached(eight / one, EVEN),
    )
    rows.add("slowest rank, of the fastest", table.at_least(EVEN), table.ratio(evenness), table.reached(evenness, EVEN))
    loop = samples_one_by_one(ours.port, seconds=1.0)
    rows.add("loop of `samples/{i}`, thousand samples/s", "", table.count(loop / 1e3), "")
    rows.add("one client, of that loop", "", table.ratio(one / loop), "")
    before = ours.memory().resident
    ours.forget_peak()
    hold(ours.port, Epoch(batch_size=256).path, readers=RANKS, seconds=3.0)
    grown = ours.memory().peak - before
    rows.add(
        f"memory while {RANKS} slow readers hold streams",
        f"≤ {HELD:g} MB",
        f"+ {grown:.1f} MB",
        table.reached(grown, HELD, most=True),
    )


def _ranks(ours: Server, *, rounds: int) -> tuple[float, float, float]:
    """Samples a second of one client and of all ranks together, and the slowest rank's rate in the fastest's."""
    epochs, ones, eights, evens = 8, [], [], []

    def part(rank: int, world_size: int) -> int:
        mine = partial(Epoch, batch_size=256, rank=rank, world_size=world_size)
        return sum(raw_bytes(ours.port, mine(number=number).path) for number in range(epochs))

    for _ in range(rounds):
        ones += together([partial(part, 0, 1)])
        spent = together([partial(part, rank, RANKS) for rank in range(RANKS)])
        eights.append(max(spent))
        evens.append(min(spent) / max(spent))
    one, eight = (epochs * SAMPLES / statistics.median(seconds) for seconds in (ones, eights))
    return one, eight, statistics.median(evens)
