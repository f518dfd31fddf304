"""Traces, as a real receiver of OTLP gets them."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.trace import SpanProcessor
from pydantic import ValidationError

from service import __version__, settings
from service.app import create_app
from service.http import server, tracing
from service.http.logs import JsonFormatter
from service.settings import Settings
from tests import made, sites
from tests.http.gate import Gate
from tests.http.test_middleware import broken

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
"""A trace and a span of a client (the example of W3C Trace Context)."""

HERE = "/v1/datasets/made/train"


@dataclass
class Receiver:
    """What was sent to a receiver of OTLP over HTTP."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)

    def take(self, content: bytes) -> None:
        """Take an export in protobuf."""
        for one in ExportTraceServiceRequest.FromString(content).resource_spans:
            self.resources.append(one.resource)
            for scope in one.scope_spans:
                self.spans += scope.spans

    def find(self, name: str) -> Span:
        """The one span of this name."""
        (span,) = [span for span in self.spans if span.name == name]
        return span


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver, to which the variables of OpenTelemetry point, and for which a server waits when it stops."""
    monkeypatch.setattr(tracing, "FLUSH_SECONDS", 20)
    monkeypatch.setattr(server, "LAST_SECONDS", 20)
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/x-protobuf"
            assert self.path == "/v1/traces"
            received.take(content)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        received.url = f"http://127.0.0.1:{listener.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        yield received
        listener.shutdown()
        thread.join()


@contextmanager
def serve_traced(*, access_log: bool = False) -> Iterator[sites.Site]:
    """A server that sends traces; the last are sent when it has stopped."""
    with sites.serving(create_app(Settings(traces=True, access_log=access_log), [made.source()])) as site:
        yield site


def find_attributes(holder: Span | Resource) -> dict[str, object]:
    """The attributes of a span or of a resource."""
    values = {one.key: one.value for one in holder.attributes}
    return {
        key: [item.string_value for item in value.array_value.values]
        if value.HasField("array_value")
        else getattr(value, str(value.WhichOneof("value")))
        for key, value in values.items()
    }


def test_a_request_is_a_span_of_the_trace_that_its_client_names(receiver: Receiver) -> None:
    with serve_traced() as site:
        sent = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "my-id"}
        assert site.get(f"{HERE}/samples/1?scale=3", sent).status == 422
        assert site.get(f"{HERE}/samples/1.png?scale=3", sent).status == 200
    span = receiver.find("GET /v1/datasets/{dataset}/{split}/samples/{index}.png")
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert span.kind == Span.SPAN_KIND_SERVER
    attributes = find_attributes(span)
    assert attributes["http.route"] == "/v1/datasets/{dataset}/{split}/samples/{index}.png"
    assert attributes["http.request.method"] == "GET"
    assert attributes["http.response.status_code"] == 200
    assert attributes["http.response.header.x-request-id"] == ["my-id"]
    assert attributes["url.path"] == f"{HERE}/samples/1.png"
    resource = find_attributes(receiver.resources[0])
    assert (resource["service.name"], resource["service.version"]) == ("digits", __version__)


def test_the_parts_of_long_work_are_spans_within_it(receiver: Receiver) -> None:
    with serve_traced() as site:
        site.get(f"{HERE}.csv")
    whole = receiver.find("GET /v1/datasets/{dataset}/{split}.{suffix}")
    for name in ("wait", "build"):
        part = receiver.find(name)
        assert (part.trace_id, part.parent_span_id) == (whole.trace_id, whole.span_id)
        slack = 1_000_000  # nanoseconds: the clocks of both are not read at once
        assert whole.start_time_unix_nano - slack <= part.start_time_unix_nano
        assert part.start_time_unix_nano <= part.end_time_unix_nano <= whole.end_time_unix_nano + slack


def test_health_and_metrics_have_no_spans_and_an_unknown_path_no_name_of_its_own(receiver: Receiver) -> None:
    with serve_traced() as site:
        for target in ("/livez", "/readyz", "/metrics", "/nowhere"):
            site.get(target)
        site.send("PROPFIND", "/v1/datasets")
    assert {span.name for span in receiver.spans} == {"GET", "HTTP /v1/datasets"}


def test_a_repeated_answer_from_memory_has_its_route(receiver: Receiver) -> None:
    with serve_traced() as site:
        for _ in range(2):
            site.get(f"{HERE}/samples/1.png")
    names = [span.name for span in receiver.spans]
    assert names == ["GET /v1/datasets/{dataset}/{split}/samples/{index}.png"] * 2


def test_a_failure_is_an_event_of_the_span(receiver: Receiver) -> None:
    index = int(made.values()[1].argmax())
    with sites.serving(create_app(Settings(traces=True), [broken()])) as site:
        assert site.get(f"{HERE}/samples/{index}").status == 500
    span = receiver.find("GET /v1/datasets/{dataset}/{split}/samples/{index}")
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert [event.name for event in span.events] == ["exception"]
    assert find_attributes(span)["http.response.status_code"] == 500


def test_log_lines_and_metrics_name_the_trace(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lines: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JsonFormatter().format(record))

    handler = Handler()
    logging.getLogger("service.requests").addHandler(handler)
    try:
        with serve_traced(access_log=True) as site:
            site.get(f"{HERE}/samples/1", {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "my-id"})
            shown = site.get("/metrics", {"Accept": "application/openmetrics-text"}).body
    finally:
        logging.getLogger("service.requests").removeHandler(handler)
    line = json.loads(lines[0])
    assert (line["trace_id"], line["request_id"]) == (TRACE, "my-id")
    assert f'# {{trace_id="{TRACE}"}}'.encode() in shown
    assert receiver.find("GET /v1/datasets/{dataset}/{split}/samples/{index}").trace_id.hex() == TRACE


@pytest.mark.parametrize("given", ["", "x", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{PARENT}", "é" * 3_000])
def test_a_strange_traceparent_begins_a_trace_of_its_own(receiver: Receiver, given: str) -> None:
    with serve_traced() as site:
        assert site.get("/v1/datasets", {"traceparent": given}).status == 200
    span = receiver.find("GET /v1/datasets")
    assert span.trace_id.hex() not in (TRACE, "0" * 32)
    assert span.parent_span_id == b""


def test_the_standard_variables_decide(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    with serve_traced() as site:
        site.get("/v1/datasets")
    resource = find_attributes(receiver.resources[0])
    assert (resource["service.name"], resource["deployment.environment"]) == ("mine", "test")
    receiver.spans.clear()
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with serve_traced() as site:
        assert site.get("/v1/datasets").status == 200
    assert receiver.spans == []


def test_a_receiver_that_is_away_delays_no_answer_and_hardly_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")  # discard: nothing listens
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    with serve_traced() as site:
        assert site.get("/v1/datasets").status == 200
        began = time.monotonic()
    assert time.monotonic() - began < 30


def test_the_end_does_not_wait_for_spans_that_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, sent = Gate(), threading.Event()

    class Slow(SpanProcessor):
        def shutdown(self) -> None:
            gate.wait()
            sent.set()

    monkeypatch.setattr(tracing, "FLUSH_SECONDS", 0.1)
    traced = tracing.Tracing(version="1")
    traced._provider.add_span_processor(Slow())
    asyncio.run(traced.stop())
    assert not sent.is_set()
    gate.set()
    assert sent.wait(30)


def test_without_the_setting_nothing_is_traced(receiver: Receiver) -> None:
    with sites.serving(create_app(Settings(), [made.source()])) as site:
        site.get("/v1/datasets")
    assert receiver.spans == []


def test_traces_without_their_packages_are_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda _: None)
    assert Settings().traces is False
    with pytest.raises(ValidationError, match=r"pip install digits-service\[otel\]"):
        Settings(traces=True)
