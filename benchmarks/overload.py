"""Overload and endurance: three times the load that the service can take, and most of it for long."""

import asyncio
from time import perf_counter

from benchmarks import table
from benchmarks.offered import Load, Outcome, quantile, read_slowly
from benchmarks.server import Cores, Memory, Server, service
from benchmarks.table import Table

CONNECTIONS = 64
"""Connections of clients that wait for their answers."""

CROWD = 1_900
"""Connections of clients that do not: nearly as many as the service takes, and many more than may wait."""

SLOW_READERS = 8

SECONDS = 8.0
"""Seconds of each measurement of overload."""

SHARE = 0.8
"""The part of its capacity that the service is asked for, for long."""


def run(cores: Cores, *, minutes: float) -> None:
    """Measure and print."""
    rows = Table(
        "Overload and endurance",
        ("what", "measured", "at least or at most", "reached"),
        [
            "All kinds of short answers, each one new. Capacity is what 64 clients get that wait for their answers;",
            f"then {CROWD:,} connections offer three times as much. For {minutes:g} minutes, 64 connections ask for",
            f"0.8 of it, every hundredth leaves before its answer, and {SLOW_READERS} readers of streams are slow.",
        ],
    )
    rows.begin()
    with service(cores.server) as server:
        ask(server, CONNECTIONS, None)
        capacity = ask(server, CONNECTIONS, None).rate
        rows.add("capacity, requests/s", f"{capacity:,.0f}", "", "")
        add_overload(rows, capacity, ask(server, CROWD, 3 * capacity))
    if minutes:
        with service(cores.server) as server:
            add_endurance(rows, *asyncio.run(endure(server, SHARE * capacity, minutes)))


def ask(server: Server, connections: int, rate: float | None) -> Outcome:
    """What becomes of requests at a rate, or of as many as are answered."""
    return asyncio.run(Load(server.port, connections=connections, rate=rate).run(SECONDS))


async def endure(server: Server, rate: float, minutes: float) -> tuple[Outcome, Memory, Memory]:
    """What becomes of requests for minutes, and the memory after a sixth of the time and at its end."""
    until = perf_counter() + 60 * minutes
    readers = [asyncio.create_task(read_slowly(server.port, until)) for _ in range(SLOW_READERS)]
    load = Load(server.port, connections=CONNECTIONS, rate=rate, leaving=True)
    asking = asyncio.create_task(load.run(60 * minutes))
    await asyncio.sleep(10 * minutes)
    early = server.memory()
    outcome = await asking
    late = server.memory()
    await asyncio.gather(*readers)
    return outcome, early, late


def add_overload(rows: Table, capacity: float, outcome: Outcome) -> None:
    """Three times the capacity."""
    good = outcome.rate / capacity
    refusals = outcome.answers.get(503, [])
    refused, health = quantile(refusals, 0.99), quantile(outcome.probes, 0.99)
    rows.add("3 × capacity: answered, of capacity", f"{good:.2f}", "0.8", table.reached(good, 0.8))
    rows.add("refused, requests/s", f"{len(refusals) / outcome.seconds:,.0f}", "", "")
    rows.add("refused within, p99, ms", f"{refused:.0f}", "50", table.reached(refused, 50, most=True))
    rows.add("/livez meanwhile, p99, ms", f"{health:.0f}", "100", table.reached(health, 100, most=True))


def add_endurance(rows: Table, outcome: Outcome, early: Memory, late: Memory) -> None:
    """Most of the capacity for long."""
    seconds = [one for answers in outcome.answers.values() for one in answers]
    median, worst = quantile(seconds, 0.5), quantile(seconds, 0.99)
    growth = late.anonymous / early.anonymous
    rows.add("0.8 of capacity: answers", f"{len(seconds):,}", "", "")
    rows.add("5xx", f"{outcome.failed + len(outcome.answers.get(503, ()))}", "0", "")
    rows.add("p50, p99, ms", f"{median:.1f}, {worst:.1f}", "", "")
    rows.add("p99 of p50", f"{worst / median:.1f}", "20", table.reached(worst / median, 20, most=True))
    rows.add("resident memory at the end, MB", f"{late.resident:.0f}", "", "")
    rows.add("memory of its own, MB", f"{late.anonymous:.0f}", "", "")
    rows.add("of that after a sixth of the time", f"{growth:.2f}", "1.05", table.reached(growth, 1.05, most=True))
