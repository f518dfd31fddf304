"""Metrics of a process or of all workers, in Prometheus' text format. All that are observed are declared here."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Literal, NamedTuple

import prometheus_client
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from service.http.accept import parse_weights, weigh
from service.http.shared_metrics import add_up_workers, are_shared

REQUEST_SECONDS = (
    *(0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025),
    *(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
"""Upper bounds of the buckets for answers, in seconds."""

BUILD_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the buckets for files and finished rows, in seconds."""

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Methods that have a label of their own; all others share `OTHER`."""

OTHER = "other"
"""The label of methods and representations that have none of their own."""

UNMATCHED = "unmatched"
"""The route of requests whose path no route has, or which were answered before a route was looked for."""

NO_BODY = "none"
"""The representation of answers without a body, such as 304."""

MOST_REPRESENTATIONS = 64
"""Representations that have a label of their own, so that no mistake can make more and more series."""

PROCESS_SUMS = ("process_cpu_seconds", "process_resident_memory_bytes", "process_open_fds")
"""Figures of processes that can be added up over workers; those of memory count shared pages once for each."""

PREFIXES = ("x-", "vnd.apache.", "vnd.")
"""What the short name of a media type leaves out."""

TEXT_TYPE = "text/plain"
OPENMETRICS_TYPE = "application/openmetrics-text"
"""Media types of metrics: Prometheus' own format, and its successor, which has exemplars."""


class _Series(NamedTuple):
    """Where one kind of answer is counted."""

    requests: Counter
    seconds: Histogram
    sent: Counter


class Metrics:
    """Counts, durations and sizes of answers, and figures that other objects hold.

    The values of every label are bounded: no client can add one by what it sends.

    Attributes:
        in_flight: requests that are being answered.
    """

    def __init__(self) -> None:
        """Begin at zero, with a registry of its own."""
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # the times of creation say nothing
        self.in_flight = 0
        self._registry = registry = CollectorRegistry()
        self._shown = add_up_workers() if are_shared() else registry
        self._readings: list[_Reading | _SharedReading] = []
        self._requests = Counter(
            "digits_requests", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self._seconds = Histogram(
            "digits_request_seconds",
            "Seconds from a request to the last byte of its answer.",
            ["route", "representation"],
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._sent = Counter(
            "digits_sent_bytes", "Bytes of bodies given to the server.", ["route", "representation"], registry=registry
        )
        self._failed = Counter(
            "digits_failed_requests", "Requests that an error of the service has ended.", registry=registry
        )
        self._refused = Counter("digits_refused_requests", "Requests refused.", ["reason"], registry=registry)
        self._builds = Histogram(
            "digits_build_seconds",
            "Seconds to build a file, or the finished rows of a split.",
            ["kind"],
            buckets=BUILD_SECONDS,
            registry=registry,
        )
        self._show_processes()
        self.read("digits_requests_in_flight", "Requests being answered.", lambda: self.in_flight)
        self._series_of = lru_cache(maxsize=1_024)(self._find_series)
        self._representations: set[str] = set()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="metrics")

    def _show_processes(self) -> None:
        """Show what the operating system and Python tell of the process, or what can be added up of all workers."""
        if are_shared():
            for name in PROCESS_SUMS:
                help_text = "Sum over all workers of what each one shows."
                self.read(name, help_text, partial(read_process, name), counts=name.endswith("seconds"))
        else:
            for collector in (ProcessCollector, PlatformCollector, GCCollector):
                collector(registry=self._registry)

    def count(
        self,
        route: str,
        method: str,
        status: int,
        *,
        seconds: float,
        media_type: bytes = b"",
        sent: int = 0,
        trace_id: str = "",
    ) -> None:
        """Count one answer. `route` is the template of its path, empty where there is none; `sent` is in bytes.

        A `trace_id` is shown as an exemplar of its duration in OpenMetrics' format.
        """
        series = self._series_of(route, method, status, media_type)
        series.requests.inc()
        series.seconds.observe(seconds, {"trace_id": trace_id} if trace_id else None)
        series.sent.inc(sent)

    def _find_series(self, route: str, method: str, status: int, media_type: bytes) -> _Series:
        route = route or UNMATCHED
        representation = self._bound(name_representation(media_type))
        return _Series(
            self._requests.labels(route, method if method in METHODS else OTHER, status),
            self._seconds.labels(route, representation),
            self._sent.labels(route, representation),
        )

    def _bound(self, representation: str) -> str:
        """The representation, or `OTHER` if there are too many already."""
        if representation not in self._representations and len(self._representations) >= MOST_REPRESENTATIONS:
            return OTHER
        self._representations.add(representation)
        return representation

    def count_failure(self) -> None:
        """Count a request that an error of the service has ended, also one whose answer had begun."""
        self._failed.inc()

    def count_refusal(self, reason: str) -> None:
        """Count a request that was refused, by the name of its kind of problem."""
        self._refused.labels(reason).inc()

    def expect_refusals(self, *reasons: str) -> None:
        """Show these reasons from the start, so that the first refusal is seen as an increase."""
        for reason in reasons:
            self._refused.labels(reason)

    def observe_build(self, kind: str, seconds: float) -> None:
        """Note how long it took to build something: a `file`, or the `rows` of a split."""
        self._builds.labels(kind).observe(seconds)

    def read(
        self, name: str, help_text: str, value: Callable[[], float], *, counts: bool = False, common: bool = False
    ) -> None:
        """Show a figure that another object holds: a gauge, or a counter if it only `counts` up.

        It is read by `publish`. Of several workers, the sum of all figures is shown; of a gauge that is `common` to
        them, the largest one.
        """
        if are_shared():
            self._readings.append(_SharedReading(name, help_text, value, counts=counts, common=common))
        else:
            self._readings.append(reading := _Reading(name, help_text, value, counts=counts))
            self._registry.register(reading)

    def publish(self) -> None:
        """Read the figures that other objects hold, to be shown by this worker and others.

        To be called on the event loop, which some of these objects belong to.
        """
        for reading in self._readings:
            reading.publish()

    def tell(self, name: str, help_text: str, facts: Callable[[], Iterable[Mapping[str, str]]]) -> None:
        """Show facts as the labels of a gauge that is always 1, as Prometheus' own `…_info` are."""
        self._shown.register(_Facts(name, help_text, facts))

    def close(self) -> None:
        """End the thread that writes."""
        self._writer.shutdown(wait=False)

    async def write(self, accept: str = "") -> tuple[bytes, str]:
        """Everything, and its media type: OpenMetrics where `Accept` likes it better, else Prometheus' text format.

        It is made in a thread, because a thousand series take longer than other requests shall wait.
        """
        self.publish()
        encode = openmetrics.generate_latest if prefers_openmetrics(accept) else generate_latest
        media_type = openmetrics.CONTENT_TYPE_LATEST if prefers_openmetrics(accept) else CONTENT_TYPE_PLAIN_0_0_4
        return await asyncio.get_running_loop().run_in_executor(self._writer, encode, self._shown), media_type


def read_process(name: str) -> float:
    """A figure of this process that `ProcessCollector` shows."""
    families = ProcessCollector(registry=CollectorRegistry()).collect()
    return float(next((one.samples[0].value for one in families if one.name == name), 0.0))


def prefers_openmetrics(accept: str) -> bool:
    """Whether an `Accept` header names OpenMetrics, and likes it better than Prometheus' text format.

    The library's own choice fails on a version that is no number.
    """
    weights = parse_weights(accept)
    return weights.get(OPENMETRICS_TYPE, 0.0) > weigh(TEXT_TYPE, weights)


@lru_cache(maxsize=256)
def name_representation(media_type: bytes) -> str:
    """The short name of a representation: `json` of `application/json`, `arrow.stream`, `none` without one."""
    name = media_type.partition(b";")[0].decode("latin-1").rpartition("/")[2].partition("+")[0].strip().lower()
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name or NO_BODY


class _Reading(Collector):
    """A figure as it was when it was last published; metrics are collected in a thread, which must not read it."""

    def __init__(self, name: str, help_text: str, value: Callable[[], float], *, counts: bool) -> None:
        self._kind = CounterMetricFamily if counts else GaugeMetricFamily
        self._facts = (name, help_text)
        self._value = value
        self._published = 0.0

    def publish(self) -> None:
        self._published = self._value()

    def collect(self) -> list[Metric]:
        return [self._kind(*self._facts, value=self._published)]


class _Facts(Collector):
    """Facts that are read when metrics are collected."""

    def __init__(self, name: str, help_text: str, facts: Callable[[], Iterable[Mapping[str, str]]]) -> None:
        self._name = name
        self._help_text = help_text
        self._facts = facts

    def collect(self) -> list[Metric]:
        family = Metric(self._name, self._help_text, "gauge")
        for labels in self._facts():
            family.add_sample(self._name, dict(labels), 1)
        return [family]


class _SharedReading:
    """A figure whose last value all workers see; what a worker has counted stays when the worker ends."""

    def __init__(self, name: str, help_text: str, value: Callable[[], float], *, counts: bool, common: bool) -> None:
        self._value = value
        self._published = 0.0
        mode: Literal["livemax", "livesum"] = "livemax" if common else "livesum"
        self._counter = Counter(name, help_text, registry=None) if counts else None
        self._gauge = None if counts else Gauge(name, help_text, registry=None, multiprocess_mode=mode)

    def publish(self) -> None:
        value = self._value()
        if self._gauge is not None:
            self._gauge.set(value)
        elif self._counter is not None:
            self._counter.inc(value - self._published)
            self._published = value
