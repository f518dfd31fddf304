"""Replicas of the service: processes of the service's own environment, on free ports of loopback."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
RUNNING = re.compile(r"running on (http://\S+)")
"""The line in which a server tells its address."""


@dataclass(frozen=True)
class Replica:
    """A running server."""

    url: str
    process: subprocess.Popen[str]

    @property
    def is_running(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None


def run_service() -> AbstractContextManager[Replica]:
    """The service itself, with the real data."""
    return _run("service", "serve", "--host", "127.0.0.1", "--port", "0")


def run_other_data() -> AbstractContextManager[Replica]:
    """The service with the small dataset of the tests, which it calls `mnist`."""
    return _run("tests.engines.other_data")


@contextmanager
def _run(*arguments: str) -> Iterator[Replica]:
    """A server that `python -m` starts; it may be killed within the block."""
    command: list[str | Path] = [PYTHON, "-m", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            lines = []
            for line in process.stderr:
                lines.append(line)
                if found := RUNNING.search(line):
                    break
            else:
                raise AssertionError("The server ended before it ran:\n" + "".join(lines))
            reader = threading.Thread(target=process.stderr.read)  # so that the server never waits for a reader
            reader.start()
            yield Replica(found[1], process)
        finally:
            process.terminate()
            process.wait(30)
        reader.join()
