"""Metrics: counts and durations of requests, in Prometheus' text format. Counting costs a dictionary look-up."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BOUNDS = (0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the duration buckets, in seconds."""


class Metrics(Collector):
    """What was answered, and how fast."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._answers: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS) + 1))
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._answers[route, method, status] += 1
        self._buckets[route][bisect_left(BOUNDS, seconds)] += 1
        self._seconds[route] += seconds

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Hand the figures to Prometheus' client library."""
        answers = CounterMetricFamily("digits_requests", "Requests answered.", labels=["route", "method", "status"])
        for (route, method, status), number in self._answers.items():
            answers.add_metric([route, method, str(status)], number)
        yield answers
        durations = HistogramMetricFamily(
            "digits_request_seconds", "Time until the last byte was handed over.", labels=["route"]
        )
        for route, buckets in self._buckets.items():
            durations.add_metric([route], _cumulative(buckets), self._seconds[route])
        yield durations
        for name, (help_text, value) in self.gauges.items():
            yield GaugeMetricFamily(name, help_text, value())


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    """Buckets as Prometheus wants them: each counts what the smaller ones count, too."""
    total, rows = 0, []
    for bound, number in zip((*map(str, BOUNDS), "+Inf"), buckets, strict=True):
        total += number
        rows.append((bound, float(total)))
    return rows
