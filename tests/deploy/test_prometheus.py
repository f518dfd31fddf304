"""What Prometheus makes of the metrics, of its configuration and of the alert rules: the real one."""

import re

import pytest
from prometheus_client.openmetrics import parser
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.prometheus import FOLDER, Prometheus, run_promtool
from tests.processes import ROOT
from tests.sites import Site


def test_promtool_finds_nothing_wrong_with_the_metrics(used_site: Site) -> None:
    run = run_promtool("check", "metrics", text=used_site.get("/metrics").body)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


@pytest.mark.parametrize("arguments", [("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yml")])
def test_promtool_finds_nothing_wrong_with_the_configuration(arguments: tuple[str, ...]) -> None:
    run = run_promtool(*arguments[:-1], FOLDER / arguments[-1])
    assert run.returncode == 0, run.stderr
    assert b"SUCCESS" in run.stdout


def test_the_alerts_are_raised_when_they_shall_be() -> None:
    run = run_promtool("test", "rules", FOLDER / "alerts_test.yml")
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_has_a_test_in_which_it_is_raised() -> None:
    alerts = re.findall(r"- alert: (\w+)", (FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    tests = (FOLDER / "alerts_test.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"alertname: (\w+)\n +exp_alerts:", tests)) == set(alerts)
    assert len(alerts) == len(set(alerts)) >= 10


def test_prometheus_evaluates_every_rule_and_none_is_raised(prometheus: Prometheus) -> None:
    rules = prometheus.wait_for_rules()
    assert len(rules) >= 10
    for rule in rules:
        assert (rule["health"], rule.get("lastError", "")) == ("ok", ""), rule["name"]
        if rule["name"] != "DigitsMemory":  # the server is a part of this process, which has run other tests
            assert rule["state"] == "inactive", rule["name"]


def test_the_metrics_that_alerts_use_exist(used_site: Site) -> None:
    used = find_metric_names((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    assert used
    assert used <= list_samples(used_site)


def test_every_metric_stands_in_the_page_for_operators(used_site: Site) -> None:
    rows = re.findall(r"^\| `(digits_\w+)(?:\{(.*)\})?` \| (\w+) \|", read_page(), re.MULTILINE)
    documented = {name: (kind, set(labels.split(",")) - {""}) for name, labels, kind in rows}
    shown = {}
    for family in text_string_to_metric_families(used_site.get("/metrics").body.decode()):
        if family.name.startswith("digits_"):
            name = family.name + "_total" * (family.type == "counter")
            shown[name] = (family.type, set(family.samples[0].labels) - {"le"})
    assert documented == shown


def read_page() -> str:
    """The page for operators."""
    return (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def find_metric_names(text: str) -> set[str]:
    """The names of metrics of the service in a text."""
    return set(re.findall(r"\b(?:digits|process|python)_[a-z_]+\b", text))


def list_samples(site: Site) -> set[str]:
    """The names of all samples that the service shows."""
    return set(re.findall(r"^([a-z_]+)[ {]", site.get("/metrics").body.decode(), re.MULTILINE))


def test_openmetrics_are_given_to_those_who_like_them_better(used_site: Site) -> None:
    newer = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75"
    answer = used_site.get("/metrics", {"Accept": f"{newer},text/plain;version=0.0.4;q=0.5,*/*;q=0.1"})
    assert answer["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer["Vary"] == "Accept"
    names = {family.name for family in parser.text_string_to_metric_families(answer.body.decode())}  # type: ignore[no-untyped-call]
    assert {"digits_requests", "digits_request_seconds", "process_cpu_seconds"} <= names
    for other in ("*/*", "text/plain", "text/plain;q=0.9, application/openmetrics-text;q=0.1", "text/html"):
        answer = used_site.get("/metrics", {"Accept": other})
        assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize("version", ["x", "1.x", "9" * 5_000, "", "²", "\u00e9"])
def test_a_strange_version_of_openmetrics_is_no_failure(used_site: Site, version: str) -> None:
    assert used_site.get("/metrics", {"Accept": f"application/openmetrics-text; version={version}"}).status == 200
    assert used_site.get("/metrics", {"Accept": f"text/plain; version={version}"}).status == 200
