"""Servers as processes of their own, on free ports of loopback. Imports nothing but the standard library."""

import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

ROOT = Path(__file__).parent.parent
"""The repository."""

SERVICE_PYTHON = ROOT / ".venv" / "bin" / "python"
"""The Python that has what the service needs, for tests in an environment that lacks it."""

SERVE = ("-m", "service", "serve", "--host", "127.0.0.1", "--port", "0")
"""Arguments of a Python that serves on a free port."""

RUNNING = re.compile(r"running on (http://\S+)")
"""The line in which a server tells its address."""


@dataclass(frozen=True)
class RunningServer:
    """A server that has told its address."""

    url: str
    process: subprocess.Popen[str]
    told: Sequence[str]
    """Lines that it has written until then."""
    messages: SimpleQueue[str]
    """Lines that it writes from then on."""

    @property
    def is_running(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None


@contextmanager
def run_server(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, folder: Path = ROOT
) -> Iterator[RunningServer]:
    """Run a program in a folder until the block ends; it serves, and may be killed within the block."""
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            told = []
            for line in process.stderr:
                told.append(line)
                if found := RUNNING.search(line):
                    break
            else:
                raise AssertionError("The server ended before it ran:\n" + "".join(told))
            messages: SimpleQueue[str] = SimpleQueue()
            # Reads all the time, so that the server never waits for a reader.
            reader = threading.Thread(target=_pass_lines, args=(process.stderr, messages))
            reader.start()
            yield RunningServer(found[1], process, told, messages)
        finally:
            process.terminate()
            process.wait(30)
        reader.join()


def _pass_lines(source: TextIO, sink: SimpleQueue[str]) -> None:
    for line in source:
        sink.put(line)
