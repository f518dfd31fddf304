import asyncio
import random
import string
import threading
from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.parser import text_string_to_metric_families

from service.app import create_app
from service.http.metrics import METHODS, MOST_REPRESENTATIONS, Metrics, _SharedReading, name_representation
from service.http.middleware import REFUSALS
from service.settings import Settings
from tests import made, sites
from tests.http import wire


def read(text: bytes) -> dict[str, Metric]:
    """The metrics in Prometheus' text format by name."""
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def write(metrics: Metrics) -> dict[str, Metric]:
    """What metrics show."""
    text, _ = asyncio.run(metrics.write())
    return read(text)


def find_labels(family: Metric, label: str) -> set[str]:
    """The values of a label."""
    return {sample.labels[label] for sample in family.samples}


def test_figures_of_other_objects_are_read_on_the_event_loop() -> None:
    threads = list[int]()

    def count() -> float:
        threads.append(threading.get_ident())
        return len(threads)

    metrics = Metrics()
    metrics.read("digits_answers_bytes", "Bytes.", count)
    assert write(metrics)["digits_answers_bytes"].samples[0].value == 1
    assert write(metrics)["digits_answers_bytes"].samples[0].value == 2
    assert threads == [threading.get_ident()] * 2


def test_answers_are_counted_by_route_method_and_status_and_timed_by_route_and_representation() -> None:
    metrics = Metrics()
    metrics.read("digits_response_cache_bytes", "Bytes.", lambda: 7.0)
    metrics.read("digits_response_cache_hits", "Hits.", lambda: 3, counts=True)
    metrics.count("/a", "GET", 200, seconds=0.000_2, media_type=b"image/png", sent=300)
    metrics.count("/a", "GET", 200, seconds=0.03, media_type=b"image/png", sent=30)
    metrics.count("/a", "HEAD", 304, seconds=99.0)
    families = write(metrics)
    counts = {
        (one.labels["method"], one.labels["status"]): one.value
        for one in families["digits_requests"].samples
        if one.name.endswith("_total")
    }
    assert counts == {("GET", "200"): 2, ("HEAD", "304"): 1}
    buckets = {
        (one.labels["representation"], one.labels["le"]): one.value
        for one in families["digits_request_seconds"].samples
        if one.name.endswith("_bucket")
    }
    assert [buckets["png", bound] for bound in ("0.0001", "0.00025", "0.025", "0.05", "+Inf")] == [0, 1, 1, 2, 2]
    assert (buckets["none", "30.0"], buckets["none", "+Inf"]) == (0, 1)
    sent = {one.labels["representation"]: one.value for one in families["digits_sent_bytes"].samples}
    assert sent == {"png": 330, "none": 0}
    size, hits = families["digits_response_cache_bytes"], families["digits_response_cache_hits"]
    assert (size.type, size.samples[0].value) == ("gauge", 7)
    assert (hits.type, hits.samples[0].name, hits.samples[0].value) == (
        "counter",
        "digits_response_cache_hits_total",
        3,
    )


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        (b"application/json", "json"),
        (b"application/problem+json", "problem"),
        (b"text/html; charset=utf-8", "html"),
        (b"image/svg+xml", "svg"),
        (b"application/x-npz", "npz"),
        (b"application/vnd.apache.arrow.stream", "arrow.stream"),
        (b"application/vnd.apache.parquet", "parquet"),
        (b"application/vnd.safetensors", "safetensors"),
        (b"", "none"),
        (b"\xff/\xfe", "þ"),
    ],
)
def test_a_representation_has_the_short_name_of_its_media_type(media_type: bytes, name: str) -> None:
    assert name_representation(media_type) == name


def test_facts_are_labels_of_a_figure_that_is_1() -> None:
    metrics = Metrics()
    metrics.tell(
        "digits_dataset_info", "The data.", lambda: [{"dataset": "a", "rev": "1"}, {"dataset": "b", "rev": "2"}]
    )
    samples = write(metrics)["digits_dataset_info"].samples
    assert [(one.labels, one.value) for one in samples] == [
        ({"dataset": "a", "rev": "1"}, 1),
        ({"dataset": "b", "rev": "2"}, 1),
    ]


def draw_words(number: int) -> Iterable[str]:
    """Words that differ."""
    draw = random.Random(0)
    return {"".join(draw.choices(string.ascii_uppercase, k=9)) for _ in range(number)}


def test_no_method_path_or_media_type_makes_more_and_more_series() -> None:
    metrics = Metrics()
    for word in draw_words(3_000):
        metrics.count("", word, 404, seconds=0.1, media_type=f"a/{word}".encode())
    families = write(metrics)
    assert find_labels(families["digits_requests"], "method") == {"other"}
    assert find_labels(families["digits_requests"], "route") == {"unmatched"}
    assert len(find_labels(families["digits_sent_bytes"], "representation")) == MOST_REPRESENTATIONS + 1
    assert "other" in find_labels(families["digits_sent_bytes"], "representation")


def test_the_series_do_not_grow_with_what_clients_invent() -> None:
    with sites.serving(create_app(Settings(), [made.source()])) as site:
        for word in draw_words(50):
            site.get(f"/{word}")
            site.get(f"/v1/datasets/{word}/train/samples/7.png?{word}=1", {"Accept": word, "X-Request-ID": word})
            wire.exchange(site, f"{word} / HTTP/1.1\r\nHost: {word}\r\n\r\n".encode())
        for method in ("PROPFIND", "MKCOL", "TRACE", "REPORT", "UNSUBSCRIBE"):
            site.send(method, "/livez")
        families = read(site.get("/metrics").body)
    assert find_labels(families["digits_requests"], "method") <= METHODS | {"other"}
    assert len(families["digits_requests"].samples) <= 5
    assert find_labels(families["digits_sent_bytes"], "representation") <= {"problem", "none"}
    assert find_labels(families["digits_refused_requests"], "reason") == REFUSALS


def count_refusals(site: sites.Site) -> dict[str, float]:
    """Refusals by reason, those that happened."""
    samples = read(site.get("/metrics").body)["digits_refused_requests"].samples
    assert {one.labels["reason"] for one in samples} == REFUSALS
    return {one.labels["reason"]: one.value for one in samples if one.value}


def test_refused_requests_are_counted_by_reason_also_those_that_reach_no_application() -> None:
    with sites.serving(create_app(Settings(), [made.source()])) as site:
        assert count_refusals(site) == {}
        site.get("/nowhere")
        site.get("/v1/datasets/made/train/rows?limit=0")
        assert count_refusals(site) == {}
        wire.exchange(site, b"nonsense\r\n\r\n")
        wire.exchange(site, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")  # no Host: refused by the application
        site.get(f"/{'a' * 9_000}")
        wire.exchange(site, b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"a" * 80_000)
        assert count_refusals(site) == {"bad-request": 2, "uri-too-long": 1, "headers-too-large": 1}


def test_files_that_are_built_are_timed_and_answers_in_flight_are_counted() -> None:
    with sites.serving(create_app(Settings(), [made.source()])) as site:
        site.get("/v1/datasets/made/train.csv")
        site.get("/v1/datasets/made/train.csv")
        families = read(site.get("/metrics").body)
    (built,) = [one for one in families["digits_build_seconds"].samples if one.name.endswith("_count")]
    assert (built.labels, built.value) == ({"kind": "file"}, 1)
    assert families["digits_requests_in_flight"].samples[0].value == 1  # this one
    assert families["digits_ready"].samples[0].value == 1
    assert families["digits_failed_requests"].samples[0].value == 0


def test_the_process_is_described() -> None:
    families = write(Metrics())
    assert families["process_cpu_seconds"].samples[0].value > 0
    assert families["process_resident_memory_bytes"].samples[0].value > 1e6
    assert len(families["python_gc_collections"].samples) == 3
    assert "digits_requests_created" not in families


def test_an_exemplar_names_the_trace_in_openmetrics_only() -> None:
    metrics = Metrics()
    metrics.count("/a", "GET", 200, seconds=0.1, trace_id="0" * 31 + "1")
    openmetrics, _ = asyncio.run(metrics.write("application/openmetrics-text"))
    assert openmetrics.count(b'# {trace_id="00000000000000000000000000000001"} 0.1') == 1
    text, _ = asyncio.run(metrics.write("text/plain"))
    assert b"trace_id" not in text


def test_what_a_worker_has_counted_is_published_once() -> None:
    registry, counted = CollectorRegistry(), 0
    reading = _SharedReading("answers", "Answers.", lambda: counted, counts=True, common=False)
    assert reading._counter is not None
    registry.register(reading._counter)
    for counted in (3, 3, 5):
        reading.publish()
        assert registry.get_sample_value("answers_total") == counted


def test_closed_metrics_leave_no_thread() -> None:
    before, metrics = set(threading.enumerate()), Metrics()
    write(metrics)
    (writer,) = [one for one in threading.enumerate() if one not in before and one.name.startswith("metrics")]
    metrics.close()
    writer.join(30)
    assert not writer.is_alive()
