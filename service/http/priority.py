"""Priority: threads of the encoders let the event loop go first. Knows nothing else."""

import os
import sys
import threading
from contextlib import suppress

NICE = 5
"""How much nicer such threads are: beside a busy event loop on one core they get a quarter of its time.

Nicer ones that hold the interpreter's lock would wait too long for a core if other processes keep all cores busy.
"""


def lower_priority() -> None:
    """Let the system prefer other threads to this one.

    Only where priorities are those of threads, as on Linux (setpriority(2), NOTES). Where a sandbox refuses it, the
    thread stays as it is: an exception here would leave its pool without threads.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICE)
