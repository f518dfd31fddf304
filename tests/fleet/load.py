"""Load: threads that send one request after another, each on a connection that it keeps."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from tests.fleet.nginx import PATIENCE

PAUSE = 0.005
"""Seconds between two requests of a thread, so that the load leaves a processor to what is tested."""

Request = tuple[str, str, bytes | None]
"""Method, target and body."""


@dataclass
class Load:
    """What the threads have seen so far."""

    answers: int = 0
    faults: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _over: threading.Event = field(default_factory=threading.Event)

    def note(self, fault: str | None) -> bool:
        """Count an answer or a fault, pause, and return whether to go on."""
        with self._changed:
            self.answers += fault is None
            self.faults += [fault] if fault else []
            self._changed.notify_all()
        return not self._over.wait(PAUSE)

    def wait(self, more: int) -> None:
        """Return after so many more answers."""
        with self._changed:
            end = self.answers + more
            assert self._changed.wait_for(lambda: self.answers >= end, PATIENCE), f"no more answers; {self.faults[:3]}"

    def stop(self) -> None:
        """Let each thread end after its next answer."""
        self._over.set()


def send_requests(url: str, load: Load, requests: Iterator[Request]) -> None:
    """Send requests until the load is stopped; each must be answered 200, and whole."""
    place = urlsplit(url)
    connection = HTTPConnection(str(place.hostname), place.port, timeout=PATIENCE)
    going_on = True
    while going_on:
        method, target, body = next(requests)
        try:
            connection.request(method, target, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            content = answer.read()
            fault = None if answer.status == 200 else f"{method} {target}: {answer.status} {content[:200]!r}"
        except (HTTPException, OSError) as error:
            connection.close()
            fault = f"{method} {target}: {error!r}"
        going_on = load.note(fault)
    connection.close()


@contextmanager
def running_load(url: str, make: Callable[[int], Iterator[Request]], *, threads: int) -> Iterator[Load]:
    """Send the requests that `make` gives for each thread's number, until the block ends."""
    load = Load()
    workers = [threading.Thread(target=send_requests, args=(url, load, make(number))) for number in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield load
    finally:
        load.stop()
        for worker in workers:
            worker.join()
