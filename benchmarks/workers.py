"""Workers: how many more requests two of them answer than one."""

import statistics

from benchmarks import table
from benchmarks.cases import PAGE, TRAIN
from benchmarks.load import Ask, measure
from benchmarks.server import Cores, service
from benchmarks.table import Table

LEAST = 1.7
"""What two workers on two cores are expected to answer, of what one does on one core."""

SECONDS = 3

CASES = (
    ("PNG of one sample, random", Ask(f"{TRAIN}/samples/{{60000}}.png")),
    ("PNG of one sample, one URL", Ask(f"{TRAIN}/samples/7.png")),
    ("100 rows, JSON", Ask(PAGE)),
    ("100 rows, CSV", Ask(f"{PAGE}&format=csv")),
    ("100 rows, NPY", Ask(f"{PAGE}&format=npy")),
    ("batch of 256, NPZ", Ask(f"{TRAIN}/batches?batch_size=256&start={{234}}&seed=1&format=npz")),
)


def run(cores: Cores, *, rounds: int) -> None:
    """Measure and print."""
    rows = Table(
        "Two workers",
        (
            "request",
            "one, requests/s",
            "two, requests/s",
            "CPU µs one",
            "CPU µs two",
            "two of one",
            "target",
            "reached",
        ),
        [
            "One worker has a core to itself. Two workers share both cores with the load, so the ratio is that of",
            "requests for each second of their processor time (µs a request), twice.",
        ],
    )
    rows.begin()
    both = f"{cores.server},{cores.load}"
    with service(cores.server) as one, service(both, workers=2) as two:
        for name, ask in CASES:
            for server in (one, two):  # until row stores are built
                measure(server, ask, core=cores.load)
            pairs = [
                (
                    measure(one, ask, core=cores.load, seconds=SECONDS),
                    measure(two, ask, core=cores.load, seconds=SECONDS),
                )
                for _ in range(rounds)
            ]
            found = statistics.median(2 * single.cpu / double.cpu for single, double in pairs)
            rows.add(
                name,
                *(table.count(statistics.median(pair[i].requests for pair in pairs)) for i in (0, 1)),
                *(table.count(statistics.median(pair[i].cpu for pair in pairs)) for i in (0, 1)),
                table.ratio(found),
                table.at_least(LEAST),
                table.reached(found, LEAST),
            )
