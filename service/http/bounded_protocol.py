"""A connection that is bounded in everything: uvicorn's protocol with admission, timeouts, refusals and an end.

Knows no application. Some of the methods that it overrides are internal to uvicorn (0.54); tests with real connections
fail if a release renames one.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, Literal

import httptools
from uvicorn._types import HTTPScope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.http.admission import Admission, WaitingRequest
from service.http.connections import SPARE, ConnectionBounds, Phase, Watch
from service.http.lifecycle import Lifecycle
from service.http.refusals import Refusals
from service.http.unacknowledged import count_unacknowledged

BODY_PROGRESS = 4_096
"""Bytes of a body that count as progress: a client that sends one byte at a time would never be too slow."""

MOST_DISCARDED = 1_048_576
"""Bytes that a refused client may still send; then the connection is closed, and the client may not see why."""

BUSY = "More requests are waiting than the service can answer soon; try again in a moment."
CROWDED = "The service has as many connections as it takes; try again in a moment."
STOPPING = "The service is stopping; ask another replica, or this one when it has started again."
LONG_HEAD = "The head of the request is too long."
MANY_FIELDS = "The request has more than {} header fields."
SLOW_HEAD = "The head of the request was not complete in time."
SLOW_BODY = "The body of the request did not go on in time."
INVALID = "The request is not valid HTTP/1.1."

URGENT = ("/livez", "/readyz", "/metrics")
"""Paths whose requests never wait, and are answered when there are too many connections."""


Receiving = Literal["nothing", "head", "body"]
"""Which part of a request is being received."""


class RefusedHead(Exception):
    """A head that is not read to its end."""


@dataclass(frozen=True)
class Frame:
    """What all connections of a server have in common.

    Attributes:
        bounds: how many there may be, and how long each may wait.
        head_bytes: most bytes of a head, which is also what may be received without completing a part of a body.
        head_fields: most fields of a head.
        urgent: paths whose requests never wait.
    """

    bounds: ConnectionBounds = field(default_factory=ConnectionBounds)
    head_bytes: int = 65_536
    head_fields: int = 100
    urgent: frozenset[str] = frozenset(URGENT)
    refusals: Refusals = field(default_factory=Refusals)
    admission: Admission = field(default_factory=Admission)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    watch: Watch = field(default_factory=lambda: Watch(ConnectionBounds()))


class BoundedProtocol(HttpToolsProtocol):
    """One connection to a client.

    - Requests start in turns; one that would wait too long is refused with 503 in microseconds.
    - A connection that waits too long for its client is closed: for a request, the rest of a head or a body, or until
      the client reads.
    - Every refusal is a problem document (RFC 9457), after the answers to the requests before it.
    - When the server stops, answers under way are finished, and the last one says that the connection ends.
    """

    frame: ClassVar[Frame] = Frame()

    pending_bytes = 0
    """Bytes received since the last complete head or part of a body."""

    body_bytes = 0
    """Bytes of bodies received so far."""

    requests = 0
    """Requests of which the first byte was received."""

    receiving: Receiving = "nothing"

    refused = False
    """Whether a request was refused, so that what follows it is not parsed."""

    lingering = False
    """Whether the connection has ended from this side, and the client may still send for a moment."""

    discarded_bytes = 0
    """Bytes received since then."""

    spare = False
    """Whether there were too many connections when this one was made."""

    waiting: WaitingRequest | None = None
    """The last request that had to wait for its turn."""

    url = b""
    """Target of the last request, as far as it was received."""

    # --- connections --------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn declares it
        """Take the connection, if there are not too many."""
        super().connection_made(transport)
        watch = self.frame.watch
        watch.note(self)
        excess = len(self.connections) - watch.most
        if excess > 0 and not watch.make_room():
            self.spare = True
            if excess > SPARE:
                self.refused = True
                self._write_refusal(HTTPStatus.SERVICE_UNAVAILABLE, CROWDED, None)
                transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and a request that waits."""
        self.frame.watch.forget(self)
        self._drop_waiting()
        super().connection_lost(exc)

    def _drop_waiting(self) -> None:
        """Do not start a request that still waits for its turn."""
        if self.waiting is not None:
            self.waiting.dropped = True

    def find_wait(self) -> tuple[Phase, object]:
        """What the connection waits for, and something that changes when that comes nearer."""
        unsent = self.transport.get_write_buffer_size()
        if unsent:
            return Phase.WRITE, (unsent, count_unacknowledged(self.transport))
        if self.lingering:
            return Phase.LINGER, None
        if self.receiving == "head":
            return Phase.HEAD, self.requests
        if self._unanswered() is None:  # perhaps with a body of which nobody needs the rest
            return Phase.IDLE, (self.requests, self.body_bytes // BODY_PROGRESS)
        if self.receiving == "body" and not self.flow.read_paused:
            return Phase.BODY, self.body_bytes // BODY_PROGRESS
        return Phase.WORK, None

    def time_out(self, phase: Phase) -> None:
        """End the connection, because it has been in a phase for too long."""
        match phase:
            case Phase.IDLE:
                self.transport.close()
            case Phase.HEAD:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT, SLOW_HEAD)
            case Phase.BODY:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT, SLOW_BODY)
            case _:
                self.transport.abort()

    def close_idle(self) -> None:
        """End the connection; it is idle."""
        self.transport.close()

    def shutdown(self) -> None:
        """Close the connection after the answer under way; at once if there is none, and none has begun to be asked."""
        cycle = self._unanswered()
        if cycle is not None:
            cycle.keep_alive = False
        elif self.receiving == "nothing" and not self.lingering:
            self.transport.close()

    def refuse_unfinished(self) -> None:
        """Refuse a request that has not been received whole, because the server stops."""
        if self.receiving != "nothing" and not self.refused:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, STOPPING)

    def cut(self) -> None:
        """End the connection, because the server cannot wait for its answer; one that has not begun becomes a 503."""
        cycle = self._unanswered()
        if cycle is not None and not (cycle.response_started or self.pipeline or self.lingering):
            cycle.keep_alive = False
            self._answer_unavailable(cycle, STOPPING)
        elif not self.lingering:
            self.transport.abort()

    # --- requests -----------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse what was received; the callbacks below start the answers."""
        if self.refused:
            self._discard(len(data))
            return
        self.pending_bytes += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, RefusedHead):
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, str(error.__context__))
            else:
                self._refuse(HTTPStatus.BAD_REQUEST, INVALID)
        if self.pending_bytes > self.frame.head_bytes and not self.refused:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, LONG_HEAD)

    def _parse(self, data: bytes) -> None:
        """Parse everything."""
        self.parser.feed_data(data)

    def _discard(self, size: int) -> None:
        self.discarded_bytes += size
        if self.discarded_bytes > MOST_DISCARDED:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.receiving = "head"
        self.requests += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head.

        Raises:
            RefusedHead: there are too many of them.
        """
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        if len(self.headers) > self.frame.head_fields:
            raise RefusedHead(MANY_FIELDS.format(self.frame.head_fields))

    def on_headers_complete(self) -> None:
        """Begin the body, and start the answer."""
        super().on_headers_complete()  # raises if the target is no URL, and then the head is refused
        self.receiving = "body"
        self.pending_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        super().on_body(body)
        self.pending_bytes = 0
        self.body_bytes += len(body)

    def on_message_complete(self) -> None:
        """End the body."""
        self.receiving = "nothing"
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's type is private
        """Start the application for a request, let the request wait, or refuse it."""
        frame = self.frame
        if not frame.lifecycle.ready and not self.pipeline:
            cycle.keep_alive = False
        if not self.spare and frame.admission.take_place():
            super()._start_asgi_task(cycle, app)
        elif cycle.scope["path"] in frame.urgent:
            cycle.keep_alive = cycle.keep_alive and not self.spare
            super()._start_asgi_task(cycle, app)
        elif self.spare:
            cycle.keep_alive = False
            self._answer_unavailable(cycle, CROWDED)
        else:
            self.waiting = frame.admission.enqueue(partial(super()._start_asgi_task, cycle, app))
            if self.waiting is None:
                self._answer_unavailable(cycle, BUSY)

    def on_response_complete(self) -> None:
        """Start the next request, if it is there already."""
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            if self.pipeline:
                self._start_asgi_task(*self.pipeline.pop())

    def _unanswered(self) -> RequestResponseCycle | None:
        """The last request, unless its answer is complete."""
        cycle: RequestResponseCycle | None = getattr(self, "cycle", None)  # None at first, though declared without
        return None if cycle is None or cycle.response_complete else cycle

    # --- refusals -----------------------------------------------------------------------------------------------------

    def _answer_unavailable(self, cycle: RequestResponseCycle, detail: str) -> None:
        """Answer 503 instead of the application. The body of the request is received, and dropped."""
        scope = cycle.scope
        cycle.keep_alive = cycle.keep_alive and not cycle.waiting_for_100_continue
        self._write_refusal(HTTPStatus.SERVICE_UNAVAILABLE, detail, scope, close=not cycle.keep_alive)
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self._linger()
        elif self.pipeline:
            self.loop.call_soon(self.on_response_complete)  # later, for thousands may have been sent at once
        else:
            self.on_response_complete()

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Read no more, and close the connection after the answers to the complete requests before this one.

        If there are none, the answer is a problem document.
        """
        self.refused = True
        if status != HTTPStatus.SERVICE_UNAVAILABLE:
            self.logger.info("Refused a request with %d: %s", status, detail)
        cycle, receiving = self._unanswered(), self.receiving != "nothing"
        if cycle is not None and not cycle.more_body:
            cycle.keep_alive = False
        elif (cycle is None and self.receiving == "body") or (
            cycle is not None and (cycle.response_started or self.pipeline)
        ):
            self.transport.close()  # the request has its answer, or others have none yet
        else:
            self._write_refusal(status, detail, self.scope if receiving else None)
            self._linger()

    def _write_refusal(self, status: HTTPStatus, detail: str, scope: HTTPScope | None, *, close: bool = True) -> None:
        """Write a whole response to a request, of which `scope` has what was received."""
        self.transport.write(
            self.frame.refusals.write(
                status,
                detail,
                target=self.url if scope is self.scope or scope is None else scope["raw_path"],
                method=scope.get("method", "GET") if scope else "GET",
                received=list(scope["headers"]) if scope else [],
                first=self.server_state.default_headers,
                close=close,
            )
        )

    def _linger(self) -> None:
        """End the connection from this side, and read on for a while.

        A connection that is closed while the client sends is reset, and then the client may lose the answer.
        """
        self.refused = self.lingering = True
        self._drop_waiting()
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.pipeline.clear()
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.flow.resume_reading()
        else:
            self.transport.close()
