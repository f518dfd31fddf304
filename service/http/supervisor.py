"""The supervisor of several workers: starts, replaces and stops them. Knows no application.

The application and its data are made once, then the supervisor forks. So the workers share all memory that they do not
change, and a replacement reads no file. Each worker has listening sockets of its own for the same address, and the
system distributes connections among them. The supervisor has the sockets open, too: a connection that waits in the
queue of a worker that dies is answered by its replacement.
"""

import logging
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import connection, get_context
from socket import socket

from uvicorn.config import STARTUP_FAILURE

from service.http.listeners import Address, find_addresses
from service.http.server import ServerConfig
from service.http.shared_metrics import SharedMetrics
from service.http.worker import Worker, WorkerServer

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What the supervisor handles: the first two stop everything, the last one replaces all workers."""

STABLE_SECONDS = 10
"""A worker that lived longer is replaced at once, and so is one that dies early for the first time."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds before a worker is replaced that dies early again; they double with each death."""

log = logging.getLogger("uvicorn.error")  # where uvicorn reports what its servers do


class Place:
    """One of the workers that there shall be: who serves, on which sockets, and how often it has died early."""

    def __init__(self) -> None:
        """Begin without a worker."""
        self.worker: Worker | None = None
        self.successor: Worker | None = None
        """Who takes over as soon as it is ready, when the worker is replaced on request."""
        self.listeners: list[socket] = []
        self.due = 0.0
        """When a worker may be started, on the monotonic clock."""
        self._deaths = 0

    def listen(self, addresses: tuple[Address, ...]) -> None:
        """Have sockets for the next worker: those of the last one, if they are open.

        Raises:
            OSError: there are no more file descriptors, or another program has taken the address.
        """
        if not self.listeners:
            self.listeners = [address.bind() for address in addresses]

    def back_off(self, age: float) -> None:
        """Note that the worker has died after `age` seconds, and decide when to replace it.

        If that shall not be at once, its sockets are closed, so that the other workers get all connections.
        """
        self.worker = None
        self._deaths = 1 if age > STABLE_SECONDS else self._deaths + 1
        pause = min(SHORTEST_PAUSE * 2 ** (self._deaths - 2), LONGEST_PAUSE) if self._deaths > 1 else 0
        self.due = time.monotonic() + pause
        if pause:
            self.close()

    def close(self) -> None:
        """Close the sockets."""
        for listener in self.listeners:
            listener.close()
        self.listeners = []


class Supervisor:
    """Keeps a number of workers running until a signal stops them."""

    def __init__(self, config: ServerConfig, *, workers: int, silence_seconds: int, metrics: SharedMetrics) -> None:
        """Serve what `config` says by so many workers; one that is silent for `silence_seconds` is replaced."""
        self._config = config
        self._silence_seconds = silence_seconds
        self._stop_seconds = config.drain_seconds + config.stop_seconds + silence_seconds
        self._metrics = metrics
        self._places = [Place() for _ in range(workers)]
        self._renewals: deque[Place] = deque()
        self._retiring: list[Worker] = []
        self._addresses: tuple[Address, ...] = ()
        self._signals = -1
        self._announced = self._stopping = False
        self._code = 0

    def run(self) -> int:
        """Serve until a signal ends it, and return the exit code.

        It is 0 after a graceful stop, 1 after a second signal, and that of a worker if the first start fails.
        """
        try:
            self._addresses = find_addresses(self._config.host, self._config.port)
        except OSError as error:
            log.error(error)  # noqa: TRY400 - the message alone tells an operator what to do
            return STARTUP_FAILURE
        with self._catch_signals():
            try:
                self._supervise()
            finally:
                self._close()
        return self._code

    def _supervise(self) -> None:
        ticked = time.monotonic()
        self._start_missing()
        while self._workers() or not self._stopping:
            self._wait()
            self._bury_dead()
            if time.monotonic() - ticked >= 1:
                ticked = time.monotonic()
                self._kill_hung()
            if not self._stopping:
                self._renew()
                self._start_missing()
                self._announce()

    def _workers(self) -> list[Worker]:
        """All processes that have not ended."""
        serving = [one for place in self._places for one in (place.worker, place.successor) if one is not None]
        return serving + self._retiring

    def _start_missing(self) -> None:
        """Start the workers that are due."""
        for place in self._places:
            if place.worker is None and time.monotonic() >= place.due:
                try:
                    place.worker = self._start(place)
                except OSError as error:
                    log.error("a worker cannot be started: %s", error)  # noqa: TRY400 - the same
                    place.back_off(0)
                    if not self._announced:
                        self._stop(code=STARTUP_FAILURE)
                        return

    def _start(self, place: Place) -> Worker:
        """Fork a worker, with a number that no other one has.

        Raises:
            OSError: there are not enough processes, file descriptors or room for its metrics.
        """
        taken = {worker.number for worker in self._workers()}
        number = min(set(range(1, len(taken) + 2)) - taken)
        self._metrics.begin(number)
        place.listen(self._addresses)
        told, tell = os.pipe()
        os.set_blocking(tell, False)
        process = get_context("fork").Process(target=self._serve, args=(place, tell), daemon=True)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until the worker has handlers of its own
        try:
            process.start()
        except OSError:
            os.close(told)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            os.close(tell)
        return Worker(number, process, told)

    def _serve(self, place: Place, tell: int) -> None:
        """What a worker does, in its own process."""
        signal.set_wakeup_fd(-1)
        for number, handler in zip(SIGNALS, (signal.SIG_DFL, signal.SIG_IGN, signal.SIG_IGN), strict=True):
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        for other in self._places:
            if other is not place:
                other.close()
        for descriptor in (self._signals, *(worker.told for worker in self._workers())):
            os.close(descriptor)
        server = WorkerServer(self._config, told=tell, metrics=self._metrics)
        server.run(place.listeners)
        sys.exit(0 if server.started else STARTUP_FAILURE)

    def _wait(self) -> None:
        """Wait at most a second for a signal, for what workers tell, for the end of one, or until one is due."""
        workers = self._workers()
        pauses = [place.due - time.monotonic() for place in self._places if place.worker is None and not self._stopping]
        sentinels = [worker.process.sentinel for worker in workers]
        sources = [self._signals, *sentinels, *(worker.told for worker in workers)]
        heard = connection.wait(sources, max(0.0, min([1.0, *pauses])))
        for worker in workers:
            if worker.told in heard:
                worker.read()
        if self._signals in heard:
            for number in os.read(self._signals, 4_096):
                self._obey(signal.Signals(number))

    def _obey(self, received: signal.Signals) -> None:
        if received == signal.SIGHUP:
            log.info("Received SIGHUP: replacing all workers, one after the other.")
            self._renewals = deque(self._places)
        elif self._stopping:
            log.warning("Received %s again: stopping at once.", received.name)
            self._code = 1
            for worker in self._workers():
                worker.process.kill()
        else:
            log.info("Received %s: stopping.", received.name)
            self._stop(code=0)

    def _stop(self, *, code: int) -> None:
        """Ask all workers to finish what is under way."""
        self._stopping, self._code = True, code
        for worker in self._workers():
            worker.stop(self._stop_seconds)

    def _bury_dead(self) -> None:
        for worker in self._workers():
            if not worker.process.is_alive():
                worker.close()
                self._metrics.end(worker.number)
                self._forget(worker)

    def _forget(self, worker: Worker) -> None:
        """Draw the consequences of the end of a worker."""
        if worker in self._retiring:
            self._retiring.remove(worker)
        for place in self._places:
            if place.successor is worker:
                log.error("%s ended %s before it was ready; the others stay.", worker.name, worker.end)
                place.successor = None
                self._renewals.clear()
            elif place.worker is worker:
                self._lose(place, worker)

    def _lose(self, place: Place, worker: Worker) -> None:
        place.back_off(worker.age)
        if not self._stopping:
            log.error("%s ended %s.", worker.name, worker.end)
            if not self._announced and not worker.is_ready:
                self._stop(code=max(1, worker.process.exitcode or 0))

    def _kill_hung(self) -> None:
        for worker in self._workers():
            if worker.is_hung(most_silent_seconds=self._silence_seconds):
                log.error("%s does not answer: killing it.", worker.name)
                worker.process.kill()

    def _renew(self) -> None:
        """Bring the next step of a rolling restart about."""
        if not self._renewals:
            return
        place = self._renewals[0]
        if place.successor is None:
            try:
                place.successor = self._start(place)
            except OSError as error:
                log.error("a worker cannot be started: %s; the others stay.", error)  # noqa: TRY400 - the same
                self._renewals.clear()
        elif place.successor.is_ready:
            self._renewals.popleft()
            if place.worker is not None:
                place.worker.stop(self._stop_seconds)
                self._retiring.append(place.worker)
            place.worker, place.successor = place.successor, None

    def _announce(self) -> None:
        """Tell, once, that all workers take requests."""
        if not self._announced and all(place.worker and place.worker.is_ready for place in self._places):
            self._announced = True
            scheme = "https" if self._config.is_ssl else "http"
            host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
            url = f"{scheme}://{host}:{self._addresses[0].port}"
            log.info("Uvicorn running on %s (%d workers, press CTRL+C to quit)", url, len(self._places))

    def _close(self) -> None:
        """Leave nothing behind."""
        for worker in self._workers():
            worker.process.kill()
            worker.close()
        for place in self._places:
            place.close()
        self._metrics.close()

    @contextmanager
    def _catch_signals(self) -> Iterator[None]:
        """Have signals arrive as bytes that can be waited for."""
        self._signals, written = os.pipe()
        os.set_blocking(written, False)
        before = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
        woken = signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._signals)
            os.close(written)
