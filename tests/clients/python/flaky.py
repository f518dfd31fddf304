"""A flaky server: passes requests on to a real one, but answers the first of them as a script says."""

import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from tests.sites import Answer, Site

Fault = Literal[
    "none",  # the answer of the real server
    "busy",  # 503
    "limited",  # 429
    "timeout",  # 408
    "early",  # 425
    "broken",  # 500
    "gateway",  # 502 with HTML
    "unknown",  # 520
    "changed",  # 409
    "silent",  # no answer; the connection is closed
    "stalled",  # no answer; the connection stays open until the flaky server ends
    "reset",  # half of the body, then a reset
    "cut",  # half of the body, then the end of the connection
    "halted",  # half of the body; the connection stays open
    "dripping",  # half of the body, then single bytes
    "dripping head",  # single bytes from the beginning
    "altered",  # one byte is another one
    "redirect",  # 302 to another path
    "sign-in",  # 200 with HTML
    "no-content",  # 204
]
"""What becomes of a request."""

STATUS = {
    "busy": 503,
    "limited": 429,
    "timeout": 408,
    "early": 425,
    "broken": 500,
    "gateway": 502,
    "unknown": 520,
    "changed": 409,
    "redirect": 302,
    "sign-in": 200,
    "no-content": 204,
}

PASSED_ON = ("Content-Type", "Content-Length", "Epoch-Samples", "Next-Start")


class Flaky:
    """Where requests go, what is to become of the next ones, and what came."""

    def __init__(self, behind: Site) -> None:
        """Hand on to `behind`."""
        self.behind = behind
        self.url = ""
        self.targets: list[str] = []
        self.headers: list[dict[str, str]] = []  # names in lower case
        self.connections = 0
        self.retry_after = "0"
        self.rewrite: Callable[[str], str] = str
        self.replace: Callable[[str, bytes], bytes] = lambda _, body: body
        self.left_halfway = threading.Semaphore(0)
        self.ended = threading.Event()
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
        return sum(part in target for target in self.targets)

    def next(self, target: str, headers: dict[str, str]) -> Fault:
        """What becomes of this request."""
        with self._lock:
            self.targets.append(target)
            self.headers.append(headers)
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
        self.path = re.sub(r"^http://[^/]+", "", self.path)  # as a proxy is asked
        fault = self.flaky.next(self.path, {name.lower(): value for name, value in self.headers.items()})
        if fault in ("silent", "stalled"):
            self.close_connection = True
            if fault == "stalled":
                self._wait_for_client()
            return
        if fault == "dripping head":
            self.close_connection = True
            self._drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 10_000)
            return
        if fault in STATUS:
            self._fail(fault)
            return
        kind = {} if body is None else {"Content-Type": self.headers["Content-Type"]}
        self._send(self.flaky.behind.send(self.command, self.flaky.rewrite(self.path), kind, body=body), fault)

    def _fail(self, fault: Fault) -> None:
        html = fault in ("gateway", "sign-in")
        content = b"<html>no problem body</html>" if html else b'{"type":"/problems/x","detail":"Why."}'
        self.send_response(STATUS[fault])
        self.send_header("Content-Type", "text/html" if html else "application/problem+json")
        self.send_header("Retry-After", self.flaky.retry_after)
        if fault == "redirect":
            self.send_header("Location", "/sign-in")
        if fault == "no-content":
            self.end_headers()
            return
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send(self, answer: Answer, fault: Fault) -> None:
        content = self.flaky.replace(self.path, answer.body)
        self.send_response(answer.status)
        for name in PASSED_ON:
            if name in answer.headers:
                self.send_header(name, answer[name] if name != "Content-Length" else str(len(content)))
        self.end_headers()
        if fault == "altered":
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        if fault not in ("reset", "cut", "halted", "dripping"):
            self.wfile.write(content)
            return
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        self.close_connection = True
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault == "halted":
            self._wait_for_client()
        elif fault == "dripping":
            self._drip(content[half:])

    def _drip(self, content: bytes) -> None:
        """Send a byte every hundredth of a second, until the client leaves."""
        for byte in content:
            if self.flaky.ended.wait(0.01):
                return
            self.connection.sendall(bytes([byte]))

    def _wait_for_client(self) -> None:
        """Wait until the client closes the connection; end with the flaky server in any case."""
        self.connection.settimeout(0.05)
        self.flaky.left_halfway.release()
        while not self.flaky.ended.is_set():
            try:
                if not self.connection.recv(1):
                    self.flaky.left_halfway.release()
                    return
            except TimeoutError:
                continue


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that leave."""

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close without a farewell, so that a reset is one."""
        if isinstance(request, socket.socket):
            request.close()


@contextmanager
def run_flaky(site: Site) -> Iterator[Flaky]:
    """A flaky server before another one."""
    flaky = Flaky(site)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"flaky": flaky}))
    flaky.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield flaky
    finally:
        flaky.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(30)
