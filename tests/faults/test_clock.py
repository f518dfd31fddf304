"""A wall clock that jumps: it shows in `Date`, and nothing else depends on it."""

import os
import re
import sys
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

import pytest

from tests.faults.answers import Received, parse
from tests.faults.corpus import get
from tests.faults.observe import assert_no_traceback, wait_until
from tests.http import wire
from tests.processes import SERVE, RunningServer, run_server
from tests.sites import Site

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
"""Debian's `libfaketime`, which changes the wall clock of one process."""

JUMPS = ("+10y", "-20y", "+40y", "+0")
"""Where the clock jumps to, from the present: across 2036 and 2038, where short clocks end, as well."""

TARGETS = (
    b"/v1/datasets/digits/all/rows?limit=3",
    b"/v1/datasets/digits/all/samples/1.png",
    b"/v1/datasets/digits/all.npz",
    b"/v1/datasets/mnist/train/batches?steps=2&format=ndjson&seed=5",
)

VARYING = (b"date", b"x-request-id", b"server-timing", b"age")


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that says where the clock of the server below is."""
    if LIBRARY is None:
        assert not os.environ.get("CI"), "install libfaketime"
        pytest.skip("libfaketime is not installed")
    path = tmp_path_factory.mktemp("clock") / "clock"
    path.write_text("+0", encoding="ascii")
    return path


@pytest.fixture(scope="module")
def server(clock: Path) -> Iterator[RunningServer]:
    """A server with a wall clock of its own; its monotonic clock is that of the machine."""
    faked = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DIGITS_KEEP_ALIVE_SECONDS": "3600",
    }
    with run_server([sys.executable, *SERVE], environment={**os.environ, **faked}) as running:
        yield running


def stable(answer: Received) -> object:
    """What must not depend on the time."""
    return answer.status, sorted(field for field in answer.fields if field[0] not in VARYING), answer.body


def read_date(answer: Received) -> int:
    """The year in `Date`."""
    return parsedate_to_datetime((answer.field(b"date") or b"").decode()).year


def shows_year(site: Site, year: int) -> bool:
    """Whether the clock of a server has jumped already, which reads it now and then."""
    (answer,), _ = parse(wire.exchange(site, get(b"Connection: close\r\n")))
    return read_date(answer) == year


@pytest.mark.slow
def test_nothing_but_the_date_depends_on_the_wall_clock(server: RunningServer, clock: Path) -> None:
    site = Site(server.url)
    requests = [*(get(target=target) for target in TARGETS), get(b"Connection: close\r\n")]
    before, _ = parse(wire.exchange(site, *requests))
    tag = before[0].field(b"etag") or b""
    conditional = get(b"If-None-Match: " + tag + b"\r\nConnection: close\r\n", TARGETS[0])
    with wire.connect(site) as idle:  # stays open for the whole time
        for jump in JUMPS:
            clock.write_text(jump, encoding="ascii")
            year = read_date(before[0]) + int(jump.rstrip("y"))
            wait_until(partial(shows_year, site, year), f"the year {year}")
            after, _ = parse(wire.exchange(site, *requests))
            assert [stable(answer) for answer in after] == [stable(answer) for answer in before]
            assert all(0 <= read_seconds(answer) < 60 for answer in after)
            (unchanged,), _ = parse(wire.exchange(site, conditional))
            assert unchanged.status == 304
        idle.sendall(get(b"Connection: close\r\n"))
        (answer,), _ = parse(wire.receive(idle))
        assert answer.status == 200
    assert_no_traceback(server)
    sums = re.findall(rb"^digits_request_seconds_sum\S* (\S+)$", site.get("/metrics").body, re.MULTILINE)
    assert sums
    assert all(0 <= float(one) < 60 for one in sums)


def read_seconds(answer: Received) -> float:
    """The time in `Server-Timing`, in seconds."""
    timings = b", ".join(value for name, value in answer.fields if name == b"server-timing")
    found = re.search(rb"total;dur=([0-9.-]+)", timings)
    assert found is not None
    return float(found[1]) / 1_000
