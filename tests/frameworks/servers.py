"""The service as a process of its own, run by the Python of `make serve`: the frameworks' environment lacks it."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
"""The repository."""

PYTHON = ROOT / ".venv" / "bin" / "python"
"""The Python that has what the service needs."""

RUNNING = re.compile(r"running on (http://\S+)")
"""The line in which the server states its address."""


@contextmanager
def serve() -> Iterator[str]:
    """Run a server on a free port, and give its address."""
    command = [str(PYTHON), "-m", "service", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        try:
            lines = []
            for line in running.stderr:
                lines.append(line)
                found = RUNNING.search(line)
                if found:
                    break
            else:
                raise AssertionError("The server ended before it ran:\n" + "".join(lines))
            reader = threading.Thread(target=running.stderr.read)
            reader.start()
            yield found[1]
        finally:
            running.terminate()
            running.wait(30)
        reader.join()
