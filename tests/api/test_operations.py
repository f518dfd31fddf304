"""What runs the service and what explains it."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.app import create_app
from service.http.problems import KINDS
from service.settings import Settings
from tests import made, processes, sites


def counted(site: sites.Site) -> dict[tuple[str, ...], float]:
    """Every figure of `/metrics`, by name, route, method and status."""
    text = site.get("/metrics").body.decode()
    return {
        (
            sample.name,
            *(sample.labels[name] for name in ("route", "method", "status") if name in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_health_is_told_and_never_kept(site: sites.Site) -> None:
    for path, body in (
        ("/livez", {"status": "live", "datasets": {}}),
        ("/readyz", {"status": "ready", "datasets": {"made": made.TRAIN + made.TEST}}),
    ):
        answer = site.get(path)
        assert (answer.status, answer.json) == (200, body)
        assert answer["Cache-Control"] == "no-store"


def test_requests_are_counted_by_template_not_by_path() -> None:
    with sites.serving(create_app(Settings(), [made.source()])) as site:
        for index in (0, 1, 0):
            site.get(f"/v1/datasets/made/train/samples/{index}")
        site.head("/v1/datasets/made/train/samples/0")
        site.get("/nowhere/1")
        site.get("/nowhere/2")
        figures = counted(site)
        template = "/v1/datasets/{dataset}/{split}/samples/{index}"
        assert figures["digits_requests_total", template, "GET", "200"] == 3
        assert figures["digits_requests_total", template, "HEAD", "200"] == 1
        assert figures["digits_requests_total", "unmatched", "GET", "404"] == 2
        assert figures["digits_request_seconds_count", template] == 4
        assert figures["digits_response_cache_hits_total",] == 2
        assert figures["digits_response_cache_bytes",] > 0
        assert figures["digits_files_bytes",] == 0
        size = len(site.get("/v1/datasets/made/train.csv").body)
        assert counted(site)["digits_files_bytes",] == size


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_problem_has_a_page_that_says_what_to_do(site: sites.Site, name: str) -> None:
    page = site.get(f"/problems/{name}").json
    kind = KINDS[name]
    assert page == {
        "type": f"/problems/{name}",
        "title": kind.title,
        "status": kind.status,
        "remedy": kind.remedy,
    }
    assert page["remedy"].endswith(".")


def test_the_documentation_page_needs_no_other_host(site: sites.Site) -> None:
    page = site.get("/docs")
    assert page["Content-Type"] == "text/html; charset=utf-8"
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
    assert len(loaded) >= 3
    for path in loaded:
        assert path.startswith(("/docs/", "/explorer/"))
        assert site.get(path).status == 200
    assert "https://" not in page.body.decode()


def test_the_document_is_served_as_it_is_committed(live: sites.Site) -> None:
    answer = live.get("/openapi.json")
    assert answer["Content-Type"] == "application/json"
    assert answer.json["openapi"].startswith("3.1")
    assert answer.body == (processes.ROOT / "openapi" / "openapi.json").read_bytes()
