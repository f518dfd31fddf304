"""Replicas of the service that stop and start again at the same address. Imports the standard library alone."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.fleet.nginx import PATIENCE, find_free_port
from tests.processes import SERVE, RunningServer, run_server


class Replica:
    """A process of the service on a port that it keeps."""

    def __init__(self, python: str | Path) -> None:
        """Choose a port; the service runs with `python`."""
        self.port = find_free_port()
        self._python = python
        self._stack = ExitStack()
        self._server: RunningServer | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{self.address}"

    def start(self) -> None:
        """Start, and return when the data is loaded and requests are taken."""
        environment = {**os.environ, "DIGITS_TRUSTED_PROXIES": "127.0.0.1"}
        command = [self._python, *SERVE[:-1], str(self.port)]
        self._server = self._stack.enter_context(run_server(command, environment=environment))

    def stop(self) -> None:
        """Ask it to end, and return when it has ended."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._server is not None:
            self._server.process.send_signal(number)
            self._server.process.wait(2 * PATIENCE)
            self._stack.close()
            self._server = None

    def restart(self) -> None:
        """Stop, then start."""
        self.stop()
        self.start()


@contextmanager
def run_replicas(number: int, python: str | Path) -> Iterator[list[Replica]]:
    """Run replicas until the block ends; they may be stopped and killed within the block."""
    replicas = [Replica(python) for _ in range(number)]
    try:
        for replica in replicas:
            replica.start()
        yield replicas
    finally:
        for replica in replicas:
            replica.stop()
