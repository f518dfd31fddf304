"""Metrics of several workers: each counts in files that all of them read. Knows no metric.

This is the multiprocess mode of prometheus_client, with numbers instead of process ids: a worker that takes the place
of another one has its number, so it counts on where the other one stopped. A count is in the file at once, and is still
there if the worker is killed. Only counters, histograms and gauges are shown, and gauges need a mode that begins with
`live`; a collector of its own is not shown, see `Metrics.read`.
"""

import os
import shutil
import tempfile
from pathlib import Path

from prometheus_client import CollectorRegistry, multiprocess, values

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client looks for the directory of the files."""

FILES = {
    "counter": 1 << 18,
    "histogram": 1 << 20,
    "gauge_livesum": 1 << 16,
    "gauge_livemin": 1 << 16,
    "gauge_livemax": 1 << 16,
}
"""Kinds of files, and the bytes that each takes before anything is counted: a series takes about 150."""


def are_shared() -> bool:
    """Whether metrics that are made now are shared between workers."""
    return bool(values.ValueClass._multiprocess)  # noqa: SLF001 - nothing else tells


def add_up_workers() -> CollectorRegistry:
    """A registry that shows the sums over all workers."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # it has no types
    return registry


class SharedMetrics:
    """The files in which workers count; `number` is that of the worker that this process is, or is about to become."""

    def __init__(self) -> None:
        """Make all metrics shared that this process and its children make from now on.

        Raises:
            OSError: the temporary directory cannot be written, or is full.
        """
        self.number = 0
        self.folder = Path(tempfile.mkdtemp(prefix="digits-metrics-"))
        self._single = values.ValueClass
        os.environ[VARIABLE] = str(self.folder)
        values.ValueClass = values.MultiProcessValue(lambda: self.number)  # type: ignore[no-untyped-call]
        self.begin(0)

    def begin(self, number: int) -> None:
        """Make room for what the worker of this number counts.

        A file with holes would end the worker (SIGBUS) if the directory is full when it writes to one.

        Raises:
            OSError: the temporary directory is full.
        """
        self.number = number
        for kind, size in FILES.items():
            with (self.folder / f"{kind}_{number}.db").open("ab") as file:
                file.write(bytes(max(0, size - file.tell())))

    def end(self, number: int) -> None:
        """Forget the gauges of a worker that has ended; what it has counted stays."""
        multiprocess.mark_process_dead(number, str(self.folder))  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Remove the files; metrics that are made from now on are not shared."""
        values.ValueClass = self._single
        os.environ.pop(VARIABLE, None)
        shutil.rmtree(self.folder, ignore_errors=True)
