"""A worker: one of several processes that serve an application; how it serves, and how its supervisor sees it."""

import asyncio
import logging
import os
import signal
import time
from contextlib import suppress
from multiprocessing.context import ForkProcess
from socket import socket
from types import FrameType

from service.http.server import Server, ServerConfig
from service.http.shared_metrics import SharedMetrics

READY = b"r"
"""What a worker tells when it takes requests."""

ALIVE = b"."
"""What a worker tells every second while its event loop runs."""

TICKS = 10
"""How often uvicorn calls `on_tick` in a second."""

LINGER_SECONDS = 0.5
"""How long a worker that stops takes requests on connections that are open."""

log = logging.getLogger("uvicorn.error")  # where uvicorn reports what its servers do


class WorkerServer(Server):
    """A server that tells its supervisor how it is, and that stops when the supervisor is gone."""

    def __init__(self, config: ServerConfig, *, told: int, metrics: SharedMetrics) -> None:
        """Tell by writing to `told`, a file descriptor that does not block."""
        super().__init__(config)
        self._told = told
        self._supervisor = os.getppid()
        self._metrics = metrics

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop on the first SIGTERM. What goes to all processes, the supervisor gets, too, and decides about it."""
        if sig != signal.SIGINT and not self._captured_signals:
            super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start the application, listen, and tell."""
        await super().startup(sockets)
        self._tell(READY)

    async def on_tick(self, counter: int) -> bool:
        """Tell once a second, whatever the clock shows, and let other workers see figures of this one."""
        if counter % TICKS == 0:
            self._tell(ALIVE)
            self.lifespan.state["metrics"].publish()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop listening; answer for a moment what comes on open connections, each of which ends with its answer.

        At once, connections would be closed whose request is on its way, though other workers go on serving.
        """
        for server in self.servers:
            server.close()
        await asyncio.sleep(LINGER_SECONDS)
        await super().shutdown(sockets)

    def _tell(self, what: bytes) -> None:
        if os.getppid() != self._supervisor:
            log.error("The supervisor has ended; worker [%d] stops.", os.getpid())
            self._metrics.close()
            self.should_exit = True
            return
        with suppress(BlockingIOError, BrokenPipeError):  # the supervisor sleeps, or is about to end
            os.write(self._told, what)


class Worker:
    """A process that serves, as its supervisor sees it."""

    def __init__(self, number: int, process: ForkProcess, told: int) -> None:
        """Watch a process that has just been started; `told` is the file descriptor on which it tells how it is."""
        self.number = number
        self.process = process
        self.told = told
        self.is_ready = False
        self._born = time.monotonic()
        self._silent_seconds = 0
        self._seconds_left: float | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"worker [{self.process.pid}]"

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._born

    @property
    def end(self) -> str:
        """How it has ended, in words."""
        code = self.process.exitcode or 0
        return f"by signal {-code}" if code < 0 else f"with exit code {code}"

    def read(self) -> None:
        """Read what it has told."""
        heard = os.read(self.told, 4_096)
        self._silent_seconds = 0
        self.is_ready = self.is_ready or READY in heard

    def stop(self, seconds: float) -> None:
        """Ask it to finish what is under way, within so many seconds."""
        if self._seconds_left is None:
            self._seconds_left = seconds
            self.process.terminate()

    def is_hung(self, *, most_silent_seconds: int) -> bool:
        """Whether it shall be killed; to be asked once a second.

        The seconds are counted, not measured, so that a supervisor that was stopped itself blames nobody for it.
        """
        if self._seconds_left is not None:
            self._seconds_left -= 1
            return self._seconds_left <= 0
        self._silent_seconds += self.is_ready
        return self._silent_seconds > most_silent_seconds

    def close(self) -> None:
        """Forget it, after it has ended."""
        self.process.join()
        os.close(self.told)
