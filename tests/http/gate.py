"""A gate at which the threads of a test wait."""

import threading

SECONDS = 30
"""For which they wait at most: a test that fails before it opens the gate must not hold the end of the process."""


class Gate(threading.Event):
    """An event for which nobody waits for ever."""

    def wait(self, timeout: float | None = SECONDS) -> bool:
        """Return whether it was set in time."""
        return super().wait(timeout)
