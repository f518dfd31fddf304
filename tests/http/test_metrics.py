from prometheus_client.parser import text_string_to_metric_families

from service.http.metrics import Metrics


def test_answers_are_counted_by_route_method_and_status_and_timed_by_route() -> None:
    metrics = Metrics()
    metrics.read("digits_response_cache_bytes", "Bytes.", lambda: 7.0)
    metrics.read("digits_response_cache_hits", "Hits.", lambda: 3, counts=True)
    metrics.count("/a", "GET", 200, 0.000_2)
    metrics.count("/a", "GET", 200, 0.03)
    metrics.count("/a", "HEAD", 304, 99.0)
    families = {family.name: family for family in text_string_to_metric_families(metrics.write().decode())}
    counts = {
        (one.labels["method"], one.labels["status"]): one.value
        for one in families["digits_requests"].samples
        if one.name.endswith("_total")
    }
    assert counts == {("GET", "200"): 2, ("HEAD", "304"): 1}
    durations = families["digits_request_seconds"].samples
    buckets = {one.labels["le"]: one.value for one in durations if one.name.endswith("_bucket")}
    assert (buckets["0.0001"], buckets["0.00025"], buckets["0.025"], buckets["0.05"]) == (0, 1, 1, 2)
    assert (buckets["2.5"], buckets["+Inf"]) == (2, 3)
    size, hits = families["digits_response_cache_bytes"], families["digits_response_cache_hits"]
    assert (size.type, size.samples[0].value) == ("gauge", 7)
    assert (hits.type, hits.samples[0].name, hits.samples[0].value) == (
        "counter",
        "digits_response_cache_hits_total",
        3,
    )
