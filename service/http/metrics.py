"""Metrics of a process or of all workers, in Prometheus' text format."""

from collections.abc import Callable
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.http.shared_metrics import add_up_workers, are_shared

BOUNDS = (0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the duration buckets, in seconds."""


class Metrics:
    """Counts and durations of requests, and figures that other objects hold."""

    def __init__(self) -> None:
        """Begin at zero, with a registry of its own."""
        self._registry = CollectorRegistry()
        self._shown = add_up_workers() if are_shared() else self._registry
        self._readings: list[_SharedReading] = []
        self._requests = Counter(
            "digits_requests", "Requests answered.", ["route", "method", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "digits_request_seconds",
            "Time until the last byte was given to the server.",
            ["route"],
            buckets=BOUNDS,
            registry=self._registry,
        )
        self._counter_of = lru_cache(maxsize=1_024)(self._requests.labels)
        self._histogram_of = lru_cache(maxsize=256)(self._seconds.labels)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._counter_of(route, method, status).inc()
        self._histogram_of(route).observe(seconds)

    def read(self, name: str, help_text: str, value: Callable[[], float], *, counts: bool = False) -> None:
        """Show a figure that another object holds: a gauge, or a counter if it only `counts` up.

        Of several workers, the sum of all figures is shown.
        """
        if are_shared():
            self._readings.append(_SharedReading(name, help_text, value, counts=counts))
        else:
            self._registry.register(_Reading(name, help_text, value, counts=counts))

    def publish(self) -> None:
        """Let the other workers see the figures that other objects hold in this one."""
        for reading in self._readings:
            reading.publish()

    def write(self) -> bytes:
        """Everything in Prometheus' text format."""
        self.publish()
        return generate_latest(self._shown)


class _Reading(Collector):
    """A figure that is read when metrics are collected."""

    def __init__(self, name: str, help_text: str, value: Callable[[], float], *, counts: bool) -> None:
        self._kind = CounterMetricFamily if counts else GaugeMetricFamily
        self._facts = (name, help_text)
        self._value = value

    def collect(self) -> list[Metric]:
        return [self._kind(*self._facts, value=self._value())]


class _SharedReading:
    """A figure whose last value all workers see; what a worker has counted stays when the worker ends."""

    def __init__(self, name: str, help_text: str, value: Callable[[], float], *, counts: bool) -> None:
        self._value = value
        self._published = 0.0
        self._counter = Counter(name, help_text, registry=None) if counts else None
        self._gauge = None if counts else Gauge(name, help_text, registry=None, multiprocess_mode="livesum")

    def publish(self) -> None:
        value = self._value()
        if self._gauge is not None:
            self._gauge.set(value)
        elif self._counter is not None:
            self._counter.inc(value - self._published)
            self._published = value
