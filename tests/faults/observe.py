"""What a server process holds, seen from outside (Linux)."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from tests.processes import RunningServer
from tests.sites import Site

PATIENCE = 60.0
"""Seconds after which a state that should come will not come any more."""


def list_descriptors(process_id: int) -> list[str]:
    """What every open descriptor of a process refers to."""
    found = []
    for link in Path(f"/proc/{process_id}/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    return found


def count_sockets(process_id: int) -> int:
    """How many sockets a process has open."""
    return sum(one.startswith("socket:") for one in list_descriptors(process_id))


def count_threads(process_id: int) -> int:
    """How many threads a process has."""
    return len(list(Path(f"/proc/{process_id}/task").iterdir()))


def measure_memory(process_id: int) -> float:
    """Anonymous resident memory of a process, in megabytes: without mapped files, whose pages are the system's."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    found = re.search(r"^RssAnon:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1.024e-3


def wait_until(reached: Callable[[], bool], what: str) -> None:
    """Return when a state is reached.

    Raises:
        AssertionError: it was not reached in `PATIENCE` seconds.
    """
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, f"not reached: {what}"
        time.sleep(0.005)


def wait_for_rest(server: RunningServer, sockets: int) -> None:
    """Return when a server has no more sockets than at rest; each look is a request, whose own socket counts, too."""
    site = Site(server.url)

    def is_at_rest() -> bool:
        assert site.get("/livez").status == 200
        return count_sockets(server.process.pid) <= sockets

    wait_until(is_at_rest, f"{sockets} sockets, of which there are {count_sockets(server.process.pid)}")


def list_messages(server: RunningServer) -> list[str]:
    """What a server has written since the last look."""
    return [server.messages.get() for _ in range(server.messages.qsize())]


def assert_no_traceback(server: RunningServer) -> None:
    """Nothing that a server wrote is a failure of its own."""
    told = list_messages(server)
    for sign in ("Traceback", "never retrieved", "Error:", "failed"):
        assert not [line for line in told if sign in line], "".join(told)
