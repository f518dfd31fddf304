"""Traces of requests by OpenTelemetry, which the extra `otel` installs. Knows no application.

FastAPI makes the span of a request, and takes the trace that `traceparent` names (W3C Trace Context). What it cannot
know here is added: the route, the request id, and spans of the parts of the work.
"""

from threading import Thread
from time import perf_counter, time_ns
from typing import Any

from anyio import to_thread
from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.trace import TracerProvider

from service.http.metrics import METHODS
from service.http.problems import find_route_path
from service.http.request_record import RequestRecord

UNTRACED = frozenset({"/livez", "/metrics", "/readyz"})
"""Paths that machines ask for every few seconds."""

FLUSH_SECONDS = 0.8
"""Seconds that the last spans may take to be sent when the service stops, which shall not wait for their receiver."""

NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False)
"""What FastAPI is given without tracing: a look for OpenTelemetry costs 2 µs a request."""


class Tracing:
    """The spans of requests, and where they are sent: to the OTLP receiver that the `OTEL_…` variables name."""

    def __init__(self, *, version: str) -> None:
        """Make spans from now on; they are sent after `start`. The service is named `digits` unless a variable does."""
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - the extra may be absent
        from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider  # noqa: PLC0415

        facts = Resource.create({"service.version": version})
        if str(facts.attributes["service.name"]).startswith("unknown_service"):
            facts = facts.merge(Resource({"service.name": "digits"}))
        self._provider = SdkTracerProvider(resource=facts, shutdown_on_exit=False)
        self._tracer = self._provider.get_tracer("service", version)

    @property
    def telemetry(self) -> TelemetryConfig:
        """What FastAPI is given."""
        provider: TracerProvider = self._provider
        return TelemetryConfig(
            tracer_provider=provider, metrics=False, logs=False, auto_configure=False, exclude=is_untraced
        )

    def start(self) -> None:
        """Send spans from now on, in a thread."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))

    async def stop(self) -> None:
        """Send the last spans, unless their receiver takes too long."""
        sending = Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        await to_thread.run_sync(sending.join, FLUSH_SECONDS)

    def begin(self, record: RequestRecord) -> None:
        """Note the trace of a request."""
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            record.trace_id = trace.format_trace_id(context.trace_id)

    def describe(self, record: RequestRecord, method: str, route: str) -> None:
        """Tell the span what is known when the answer begins (semantic conventions of HTTP spans)."""
        span = trace.get_current_span()
        span.set_attribute("http.response.header.x-request-id", [record.identity])
        if route:
            span.set_attribute("http.route", route)
            span.update_name(f"{method if method in METHODS else 'HTTP'} {route}")

    def note_failure(self, error: Exception) -> None:
        """Tell the span of an exception that nothing handled."""
        trace.get_current_span().record_exception(error)

    def end(self, record: RequestRecord) -> None:
        """Make a span of each part of the work."""
        if record.trace_id:
            offset = time_ns() - int(perf_counter() * 1e9)
            for part in record.parts:
                began = offset + int(part.began * 1e9)
                self._tracer.start_span(part.name, start_time=began).end(began + int(part.seconds * 1e9))


def is_untraced(scope: Any) -> bool:  # noqa: ANN401 - as FastAPI declares it
    """Whether a request has no span."""
    return find_route_path(scope) in UNTRACED
