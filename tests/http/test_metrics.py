from prometheus_client.parser import text_string_to_metric_families

from service.http.metrics import Metrics


def test_answers_are_counted_by_route_method_and_status_and_timed_by_route() -> None:
    metrics = Metrics()
    metrics.gauges["digits_response_cache_bytes"] = "Bytes.", lambda: 7.0
    metrics.count("/a", "GET", 200, 0.000_2)
    metrics.count("/a", "GET", 200, 0.03)
    metrics.count("/a", "HEAD", 304, 99.0)
    families = {family.name: family for family in text_string_to_metric_families(metrics.text().decode())}
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
    assert families["digits_response_cache_bytes"].samples[0].value == 7
