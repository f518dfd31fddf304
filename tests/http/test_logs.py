"""Log lines: what a program reads of each, and that no request can forge or break one."""

import json
import logging
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.app import create_app
from service.http.logs import LONGEST_PATH, LONGEST_USER_AGENT, JsonFormatter, escape, log_exception
from service.http.request_record import CURRENT, RequestRecord
from service.settings import Settings
from tests import made, processes, sites
from tests.http import wire


def write(record: logging.LogRecord) -> dict[str, Any]:
    """A record as JSON; it must be one line of ASCII."""
    line = JsonFormatter().format(record)
    assert line.isascii()
    assert line.isprintable()
    found: dict[str, Any] = json.loads(line)
    return found


def make_record(message: str, *arguments: object) -> logging.LogRecord:
    """A warning of the logger `service`."""
    return logging.LogRecord("service", logging.WARNING, "f", 1, message, arguments, None)


def test_a_message_is_an_object_with_time_level_logger_and_text() -> None:
    line = write(make_record("%d of %s", 3, "four"))
    assert {name: line[name] for name in ("level", "logger", "message")} == {
        "level": "warning",
        "logger": "service",
        "message": "3 of four",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert abs(datetime.fromisoformat(line["time"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("text", ["a\nb", "\r\n{}", "\x1b[31m", "\u2028", "\ud800", 'a"b\\', "\x00\x7f", "é"])
def test_no_text_can_break_a_line(text: str) -> None:
    assert write(make_record("got %s", text))["message"] == f"got {text}"


def test_an_exception_is_one_field() -> None:
    with pytest.raises(ValueError, match="one") as raised:
        int("one\ntwo")
    error = raised.value
    line = write(logging.makeLogRecord({"msg": "failed", "exc_info": (type(error), error, error.__traceback__)}))
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("with base 10: 'one\\ntwo'")


def test_a_message_about_a_request_names_it() -> None:
    record = RequestRecord("my-id")
    token = CURRENT.set(record)
    try:
        assert write(make_record("x"))["request_id"] == "my-id"
        assert "trace_id" not in write(make_record("x"))
        record.trace_id = "ab" * 16
        assert write(make_record("x"))["trace_id"] == "ab" * 16
    finally:
        CURRENT.reset(token)
    assert "request_id" not in write(make_record("x"))


def test_an_exception_that_ends_the_process_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    log_exception(ValueError, ValueError("one"), None)
    (record,) = caplog.records
    assert write(record)["exception"] == "ValueError: one"


def test_what_a_client_sent_is_printable_ascii() -> None:
    assert escape(b"/a%20b~") == "/a%20b~"
    assert escape(b"a\n\x1b\xe9\x7f") == r"a\x0a\x1b\xe9\x7f"


def run_after_configuring(code: str) -> list[str]:
    """The lines on standard error of a program that configures its logs and then runs the code."""
    setup = "from service.http.logs import configure_logs; from service.settings import Settings"
    program = f"import warnings; {setup}; configure_logs(Settings()); {code}"
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=processes.ROOT, capture_output=True, text=True, timeout=60, check=False)
    return run.stderr.splitlines()


def test_warnings_and_the_exception_that_ends_a_program_are_lines_like_all_others() -> None:
    lines = [json.loads(line) for line in run_after_configuring("warnings.warn('old'); int('x')")]
    assert [(line["level"], line["logger"]) for line in lines] == [("warning", "py.warnings"), ("critical", "service")]
    assert "UserWarning: old" in lines[0]["message"]
    assert lines[1]["exception"].startswith("Traceback (most recent call last):")


def test_whoever_interrupts_a_program_sees_what_python_shows() -> None:
    assert run_after_configuring("raise KeyboardInterrupt")[-1] == "KeyboardInterrupt"


# --- a line for each request ------------------------------------------------------------------------------------------


def log_requests(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The lines of requests so far, as JSON gives them, without the ids of the requests."""
    return [write(record) for record in caplog.records if record.name == "service.requests"]


def test_a_request_has_one_line_without_its_query_or_its_credentials(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    target = "/v1/datasets/made/train/samples/1?scale=unit&secret=hidden"
    sent = {"Authorization": "Bearer hidden", "User-Agent": "x" * 500, "X-Request-ID": "my-id", "Cookie": "hidden"}
    with sites.serving(create_app(Settings(access_log=True), [made.source()])) as site:
        answer = site.get("/v1/datasets/made/train/samples/1?scale=unit", sent)
        site.get(target, sent)
        site.head("/livez")
        site.get("/a%0Ab%22c")
    first, refused, head, unknown = log_requests(caplog)
    assert first.pop("duration_ms") > 0
    for name in ("time", "logger", "level", "message"):
        del first[name]
    assert first == {
        "method": "GET",
        "path": "/v1/datasets/made/train/samples/1",
        "route": "/v1/datasets/{dataset}/{split}/samples/{index}",
        "status": answer.status,
        "bytes": len(answer.body),
        "client": "127.0.0.1",
        "user_agent": "x" * LONGEST_USER_AGENT,
    }
    assert (refused["status"], refused["path"]) == (422, first["path"])
    assert (head["method"], head["status"], head["bytes"]) == ("HEAD", 200, 0)
    assert (unknown["path"], unknown["route"], unknown["status"]) == ("/a%0Ab%22c", "", 404)
    assert "hidden" not in json.dumps(log_requests(caplog))


def test_without_the_access_log_no_request_has_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with sites.serving(create_app(Settings(), [made.source()])) as site:
        site.get("/livez")
    assert log_requests(caplog) == []


def test_a_long_path_is_cut_in_its_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with sites.serving(create_app(Settings(access_log=True), [made.source()])) as site:
        assert site.get("/" + "a" * 9_000).status == 414
    (line,) = log_requests(caplog)
    assert len(line["path"]) == LONGEST_PATH


def test_a_client_that_leaves_has_a_line_that_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with sites.serving(create_app(Settings(access_log=True), [made.source()])) as site:
        with wire.connect(site) as connection:
            head = b"POST /v1/datasets/made/train/take HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
            connection.sendall(head + b"Content-Length: 50\r\n\r\n{")
            wait_for_requests(site, 2)
        wait_for_requests(site, 1)
    line = next(one for one in log_requests(caplog) if one["method"] == "POST")
    assert (line["status"], line["disconnected"]) == (499, True)


def wait_for_requests(site: sites.Site, number: int) -> None:
    """Wait until so many requests are in flight, the one that asks among them."""
    while f"\ndigits_requests_in_flight {number:.1f}\n" not in site.get("/metrics").body.decode():
        pass


# --- the command itself -----------------------------------------------------------------------------------------------


def serve(**environment: str) -> list[str]:
    """The lines that the command writes until it has answered one request and ended."""
    with processes.run_server(
        [sys.executable, *processes.SERVE],
        environment={**os.environ, "DIGITS_ACCESS_LOG": "true", **environment},
    ) as running:
        sites.Site(running.url).get("/v1/datasets?format=json")
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(30)
    lines = []
    while not running.messages.empty():
        lines.append(running.messages.get())
    return lines


def test_elsewhere_than_on_a_terminal_every_line_is_an_object() -> None:
    lines = [json.loads(line) for line in serve()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    (request,) = [line for line in lines if line["logger"] == "service.requests"]
    assert (request["path"], request["status"]) == ("/v1/datasets", 200)
    assert re.fullmatch(r"[0-9a-f]{12}-1", request["request_id"])


def test_the_format_and_the_level_are_settings_and_requests_are_logged_at_any_level() -> None:
    lines = serve(DIGITS_LOG_FORMAT="human")
    (request,) = [line for line in lines if "/v1/datasets" in line]
    assert re.fullmatch(r'INFO: +127\.0\.0\.1 - "GET /v1/datasets" 200 \d+ bytes \d+\.\d\d ms\n', request)


def test_on_a_terminal_lines_are_for_people_and_errors_alone_if_nothing_else_is_wished() -> None:
    master, slave = pty.openpty()
    environment = {**os.environ, "DIGITS_LOG_LEVEL": "error", "DIGITS_ACCESS_LOG": "true"}
    taken = socket.create_server(("127.0.0.1", 0))
    command = [sys.executable, "-m", "service", "serve", "--port", str(taken.getsockname()[1])]
    with taken, subprocess.Popen(command, cwd=processes.ROOT, env=environment, stderr=slave) as running:
        os.close(slave)
        told = b""
        try:
            while piece := os.read(master, 4_096):
                told += piece
        except OSError:
            pass  # how a terminal without a program ends
        assert running.wait(30) != 0
    os.close(master)
    assert told.startswith(b"ERROR: ")
    assert b"INFO" not in told
    assert told.count(b"\n") == 1
