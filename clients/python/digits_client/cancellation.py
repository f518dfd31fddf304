"""Cancellation of a request from another thread: it interrupts pauses between attempts and reads from the socket."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_thread = threading.local()
"""`cancellation`: that of the request which the thread sends at present."""


class Cancelled(Exception):
    """The request was cancelled; nobody waits for its answer."""


class Cancellation:
    """A flag that one thread sets and another one, which sends a request and reads its answer, obeys at once."""

    def __init__(self) -> None:
        """Begin without the flag."""
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def cancel(self) -> None:
        """End pauses and reads; both raise an exception in the thread that is in them."""
        with self._lock:
            self._event.set()
            if self._socket is not None:
                with suppress(OSError):  # the server has closed it already
                    self._socket.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise Cancelled if the flag is set."""
        if self._event.is_set():
            raise Cancelled

    def sleep(self, seconds: float) -> None:
        """Pause, or raise Cancelled as soon as the flag is set."""
        if self._event.wait(seconds):
            raise Cancelled

    def watch(self, connected: socket.socket | None) -> None:
        """Shut down this socket on cancellation; None once the socket is free for other requests."""
        with self._lock:
            self._socket = connected
        if connected is not None:
            self.check()

    @contextmanager
    def activate(self) -> Iterator[None]:
        """Make this the cancellation of all requests that the thread sends within the block."""
        _thread.cancellation = self
        try:
            yield
        finally:
            _thread.cancellation = None


def watch_socket(connected: socket.socket | None) -> None:
    """Let the cancellation of the present thread, if it has one, shut down this socket."""
    cancellation: Cancellation | None = getattr(_thread, "cancellation", None)
    if cancellation is not None:
        cancellation.watch(connected)
