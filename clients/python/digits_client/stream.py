"""The body of an answer as a file, whose reads fail when the bytes come too slowly."""

import io
import time
from collections.abc import Callable

from urllib3.response import BaseHTTPResponse

from digits_client.cancellation import Cancellation

BUFFER_BYTES = 262_144
"""Bytes that are read from a connection at once, at most, where the reader brings no buffer."""

LEAST_RATE = 1_000
"""Bytes a second below which an answer has stalled."""


class StalledAnswer(OSError):
    """Bytes come, but too slowly for the answer ever to be of use."""


class BodyReader(io.RawIOBase):
    """The body of an answer, to be read once, from front to back.

    Time counts only while a read waits for the connection, so a reader that pauses between reads does no harm.
    """

    def __init__(
        self,
        response: BaseHTTPResponse,
        *,
        direct: Callable[[memoryview], int] | None = None,
        timeout: float,
        cancellation: Cancellation,
    ) -> None:
        """Fail once the reads have waited for `timeout` seconds and received less than LEAST_RATE bytes a second.

        Args:
            response: the answer, of whose body nothing has been read.
            direct: reads the body into a buffer without copies; None where it must be decoded first.
            timeout: seconds.
            cancellation: of the request.
        """
        self._response = response
        self._direct = direct
        self._timeout = timeout
        self._cancellation = cancellation
        self._waited = 0.0
        self._received = 0
        self.finished = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # no reader passes anything else
        """Read into the buffer what has arrived, and return its size; 0 at the end.

        Raises:
            Cancelled: nobody waits for the bytes.
            StalledAnswer: they come too slowly.
            HTTPError, HTTPException, OSError: the connection is broken.
        """
        self._cancellation.check()
        began = time.monotonic()
        try:
            count = self._read_decoded(buffer) if self._direct is None else self._direct(buffer)
        except Exception:
            self._cancellation.check()  # the socket was shut down on purpose
            raise
        self._cancellation.check()
        self.finished = not count
        self._account(time.monotonic() - began, count)
        return count

    def readall(self, advance: Callable[[int], object] | None = None) -> bytes:
        """Return all bytes that are left; raises what `readinto` raises. `advance` gets the size of every piece."""
        content, buffer = io.BytesIO(), memoryview(bytearray(BUFFER_BYTES))
        while count := self.readinto(buffer):
            content.write(buffer[:count])
            if advance is not None:
                advance(count)
        return content.getvalue()

    def skip(self) -> None:
        """Read to the end, where next to nothing is left, so that the connection can be used again."""
        buffer = memoryview(bytearray(1_024))
        while self.readinto(buffer):
            pass

    def _read_decoded(self, buffer: memoryview) -> int:
        content = self._response.read1(len(buffer))
        if self._response.connection is None:  # the pool may give the socket to another request
            self._cancellation.watch(None)
        buffer[: len(content)] = content
        return len(content)

    def _account(self, seconds: float, size: int) -> None:
        self._waited += seconds
        self._received += size
        if self._waited > self._timeout and not self.finished:
            if self._received < LEAST_RATE * self._waited:
                raise StalledAnswer(f"Only {self._received} bytes arrived within {self._waited:.0f} seconds.")
            self._waited, self._received = 0.0, 0
