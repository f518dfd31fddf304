"""The body of an answer as a file, whose reads fail when the bytes come too slowly."""

import io
import time

from urllib3.response import BaseHTTPResponse

from digits_client.cancellation import Cancellation

BUFFER_BYTES = 262_144
"""Bytes that are read from a connection at once, at most."""

LEAST_RATE = 1_000
"""Bytes a second below which an answer has stalled."""


class StalledAnswer(OSError):
    """Bytes come, but too slowly for the answer ever to be of use."""


class BodyReader(io.RawIOBase):
    """The body of an answer, to be read once, from front to back.

    Time counts only while a read waits for the connection, so a reader that pauses between reads does no harm.
    """

    def __init__(self, response: BaseHTTPResponse, *, timeout: float, cancellation: Cancellation) -> None:
        """Fail once the reads have waited for `timeout` seconds and received less than LEAST_RATE bytes a second."""
        self._response = response
        self._timeout = timeout
        self._cancellation = cancellation
        self._waited = 0.0
        self._received = 0
        self.finished = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def fetch(self, size: int) -> bytes:
        """Return the next bytes, at most `size`, none at the end.

        Raises:
            Cancelled: nobody waits for them.
            StalledAnswer: they come too slowly.
            HTTPError, OSError: the connection is broken.
        """
        self._cancellation.check()
        began = time.monotonic()
        try:
            content = self._response.read1(size)
        except Exception:
            self._cancellation.check()  # the socket was shut down on purpose
            raise
        self._cancellation.check()
        if self._response.connection is None:  # the pool may give the socket to another request
            self._cancellation.watch(None)
        self.finished = not content
        self._account(time.monotonic() - began, len(content))
        return content

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # io.BufferedReader passes nothing else
        """Read into the buffer as much as has arrived."""
        content = self.fetch(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        """Return all bytes that are left."""
        return b"".join(iter(lambda: self.fetch(BUFFER_BYTES), b""))

    def _account(self, seconds: float, size: int) -> None:
        self._waited += seconds
        self._received += size
        if self._waited > self._timeout and not self.finished:
            if self._received < LEAST_RATE * self._waited:
                raise StalledAnswer(f"Only {self._received} bytes arrived within {self._waited:.0f} seconds.")
            self._waited, self._received = 0.0, 0
