"""Logs on standard error: an object of JSON a line for programs, or text for people; and a line a request.

Knows no application. No line holds a query string or a credential.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from types import TracebackType

from starlette.types import Scope

from service.http.request import read_header
from service.http.request_record import CURRENT, RequestRecord
from service.settings import Settings

HUMAN = "%(levelname)s:     %(message)s"
"""A line for people, as uvicorn writes it."""

LONGEST_PATH = 1_000
LONGEST_USER_AGENT = 100
"""Characters of what a client sent that a line repeats."""

log = logging.getLogger("service")

requests = logging.getLogger("service.requests")
"""Where a line goes for each request, if the operator wishes so."""


def configure_logs(settings: Settings) -> None:
    """Write messages, warnings of Python among them, to standard error, as the settings ask for.

    Lines for requests are written whatever the level, since they have a setting of their own.
    """
    handler = logging.StreamHandler()
    is_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    handler.setFormatter(JsonFormatter() if is_json else logging.Formatter(HUMAN))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    requests.setLevel(logging.INFO)
    if is_json:
        sys.excepthook = log_exception


def log_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log an exception that ends the process, so that its traceback is one line, too."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("the process ends by an exception", exc_info=(kind, error, trace))


class JsonFormatter(logging.Formatter):
    """One object a line, in ASCII, so that nothing in a message can begin another line or hide one.

    It has `time` (RFC 3339, UTC), `level`, `logger` and `message`; the `fields` of the record; `request_id` and
    `trace_id` if the message is about a request; and `exception`, the traceback.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        request = CURRENT.get()
        if request is not None:
            line["request_id"] = request.identity
            if request.trace_id:
                line["trace_id"] = request.trace_id
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_request(scope: Scope, record: RequestRecord, *, route: str, status: int) -> None:
    """Log one line for a request whose answer has ended."""
    client = scope.get("client")
    fields = {
        "method": scope["method"],
        "path": escape(scope["raw_path"][:LONGEST_PATH]),
        "route": route,
        "status": status,
        "bytes": record.sent,
        "duration_ms": round(record.seconds * 1_000, 2),
        "client": client[0] if client else "",
        "user_agent": read_header(scope["headers"], b"user-agent")[:LONGEST_USER_AGENT],
    }
    if record.disconnected:
        fields["disconnected"] = True
    requests.info(
        '%(client)s - "%(method)s %(path)s" %(status)d %(bytes)d bytes %(duration_ms).2f ms',
        fields,
        extra={"fields": fields},
    )


def escape(text: bytes) -> str:
    r"""The same in printable ASCII, other bytes as `\xhh`: a line for people cannot be forged, either."""
    return "".join(chr(one) if 32 <= one < 127 else f"\\x{one:02x}" for one in text)
