"""Answers of http.client that keep to a time, and whose body is read straight into memory of the caller."""

import io
import time
from http.client import HTTPResponse, IncompleteRead
from socket import socket
from typing import Any

HEAD_TIMEOUTS = 2
"""The whole head must arrive within so many times the timeout of a single byte."""


class DirectResponse(HTTPResponse):
    """An answer of http.client whose head must arrive within a time, and whose body can be read without copies."""

    def __init__(self, sock: socket, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - those of http.client
        """Take the time from the timeout of the socket, without which there is no bound."""
        super().__init__(sock, *arguments, **options)
        self._timeout = sock.gettimeout()

    def begin(self, **options: Any) -> None:  # noqa: ANN401 - newer versions of http.client have options
        """Read the head.

        Raises:
            TimeoutError: it does not arrive in time.
        """
        if self._timeout is None or not isinstance(self.fp, io.BufferedReader):
            super().begin(**options)
            return
        whole = self.fp
        self.fp = TimedLines(whole, time.monotonic() + HEAD_TIMEOUTS * self._timeout)  # type: ignore[assignment]
        try:
            super().begin(**options)
        finally:
            if self.fp is not None:  # there is a body
                self.fp = whole

    def read_arrived(self, buffer: memoryview) -> int:
        """Read what has arrived of the body, at most as much as the buffer holds, and return its size; 0 is the end.

        http.client's `readinto` waits until the buffer is full, however slowly the bytes come.

        Raises:
            IncompleteRead: the connection ends before the body.
        """
        if self.fp is None:
            return 0
        if self.chunked:
            content = self.read1(len(buffer))
            buffer[: len(content)] = content
            return len(content)
        left = self.length
        count = int(self.fp.readinto1(buffer if left is None else buffer[:left]))
        if left is not None:
            self.length = left - count
        if count == 0 or self.length == 0:
            self.close()
        if count == 0 and left:
            raise IncompleteRead(b"", left)
        return count


class TimedLines:
    """Lines of a file that fail after a deadline, as far as http.client needs a file to read a head."""

    def __init__(self, file: io.BufferedReader, deadline: float) -> None:
        """Read from `file` until `deadline`, a time of `time.monotonic`."""
        self._file = file
        self._deadline = deadline
        self._begun = False

    def readline(self, limit: int) -> bytes:
        """Return the next line with its end, or its first `limit` bytes; nothing if the connection ends before a head.

        http.client takes the end of a connection for the end of a head, and so half a head for a whole one.

        Raises:
            IncompleteRead: the connection ends in the head.
            TimeoutError: the deadline is over.
        """
        line = b""
        while not line.endswith(b"\n") and len(line) < limit:
            if time.monotonic() > self._deadline:
                raise TimeoutError("The head of the answer did not arrive in time.")
            arrived = self._file.peek(1)  # reads from the connection once, at most
            if not arrived:
                if self._begun:
                    raise IncompleteRead(line)
                break
            self._begun = True
            end = arrived.find(b"\n") + 1 or len(arrived)
            line += self._file.read(min(end, limit - len(line)))
        return line

    def close(self) -> None:
        """Close the file."""
        self._file.close()
