"""A Flaky place: hands requests on to a server, but fails them first as a script says."""

import socket
import struct
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from tests.sites import Answer, Site

Fault = Literal["none", "busy", "limited", "broken", "gateway", "silent", "reset", "cut", "changed", "altered"]
"""What becomes of a request: an answer of 503, 429, 500 or 502; none at all; half of one, with or without a reset;
409; or one byte that is another."""

STATUS = {"busy": 503, "limited": 429, "broken": 500, "gateway": 502, "changed": 409}

PASSED_ON = ("Content-Type", "Content-Length")


class Flaky:
    """Where requests go, what is to become of the next ones, and what came."""

    def __init__(self, behind: Site) -> None:
        """Hand on to `behind`."""
        self.behind = behind
        self.url = ""
        self.asked: list[str] = []
        self.connections = 0
        self._faults: deque[Fault] = deque()
        self._only = ""
        self._lock = threading.Lock()

    def fail(self, faults: Iterable[Fault], *, only: str = "") -> None:
        """Fail the next requests so, one after the other; of those whose target has `only` in it."""
        self._faults, self._only = deque(faults), only

    @property
    def left(self) -> int:
        """Faults that no request met."""
        return len(self._faults)

    def times(self, part: str) -> int:
        """How many requests had this in their target."""
        return sum(part in target for target in self.asked)

    def next(self, target: str) -> Fault:
        """What becomes of this request."""
        with self._lock:
            self.asked.append(target)
            return self._faults.popleft() if self._faults and self._only in target else "none"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    flaky: Flaky

    def setup(self) -> None:
        super().setup()
        self.flaky.connections += 1

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: bytes | None) -> None:
        fault = self.flaky.next(self.path)
        if fault == "silent":
            self.close_connection = True
            return
        if fault in STATUS:
            told = b"<html>no problem body</html>" if fault == "gateway" else b'{"type":"/problems/x","detail":"Why."}'
            self.send_response(STATUS[fault])
            self.send_header("Content-Length", str(len(told)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(told)
            return
        kind = {} if body is None else {"Content-Type": self.headers["Content-Type"]}
        self._send(self.flaky.behind.send(self.command, self.path, kind, body=body), fault)

    def _send(self, answer: Answer, fault: Fault) -> None:
        self.send_response(answer.status)
        for name in PASSED_ON:
            self.send_header(name, answer[name] if name != "Content-Length" else str(len(answer.body)))
        self.end_headers()
        content = answer.body
        if fault == "altered":
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        if fault in ("reset", "cut"):
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.close_connection = True
            if fault == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that leave."""

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close without a farewell, so that a reset is one."""
        if isinstance(request, socket.socket):
            request.close()


@contextmanager
def before(site: Site) -> Iterator[Flaky]:
    """A flaky place before a server."""
    flaky = Flaky(site)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"flaky": flaky}))
    flaky.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield flaky
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)
