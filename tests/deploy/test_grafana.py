"""The dashboard, as far as it can be tried without Grafana, which Debian has not: its shape, and every query."""

import json
import re
from itertools import combinations
from typing import Any

import pytest

from tests.deploy.prometheus import Prometheus
from tests.deploy.test_prometheus import find_metric_names, list_samples
from tests.processes import ROOT
from tests.sites import Site

FILE = ROOT / "deploy" / "grafana" / "dashboards" / "digits.json"
DASHBOARD = json.loads(FILE.read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
VARIABLES = {"job": ".*", "instance": ".*", "__rate_interval": "1m"}
"""What Grafana puts in place of the variables, if all is chosen."""


def fill(expression: str) -> str:
    """An expression with values instead of Grafana's variables."""
    return re.sub(r"\$(\w+)", lambda found: VARIABLES[found[1]], expression)


@pytest.mark.parametrize(("title", "target"), TARGETS, ids=[f"{title}-{one['refId']}" for title, one in TARGETS])
def test_prometheus_answers_every_query_of_the_dashboard(
    prometheus: Prometheus, title: str, target: dict[str, Any]
) -> None:
    series = prometheus.query(fill(target["expr"]))
    assert series, title
    labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    assert all(labels <= one["metric"].keys() for one in series)


def test_the_metrics_of_the_dashboard_exist(used_site: Site) -> None:
    assert find_metric_names(FILE.read_text(encoding="utf-8")) <= list_samples(used_site)


def test_every_panel_has_an_id_of_its_own_a_title_and_a_place() -> None:
    identities = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(identities) == len(set(identities))
    titles = [panel["title"] for panel in DASHBOARD["panels"]]
    assert all(titles)
    assert len(titles) == len(set(titles))
    for panel in PANELS:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    for one, other in combinations([panel["gridPos"] for panel in DASHBOARD["panels"]], 2):
        across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
        down = one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]
        assert not (across and down), (one, other)


def test_the_source_of_all_data_is_a_variable() -> None:
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert set(variables) == {"datasource", "job", "instance"}
    source = {"type": "prometheus", "uid": "${datasource}"}
    holders = [*PANELS, *(target for _, target in TARGETS), variables["job"], variables["instance"]]
    assert all(one["datasource"] == source for one in holders)


def test_the_choices_of_the_dashboard_are_labels_that_exist(prometheus: Prometheus) -> None:
    for variable in DASHBOARD["templating"]["list"][1:]:
        found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
        assert found
        assert all(found[2] in one["metric"] for one in prometheus.query(fill(found[1])))
        assert prometheus.query(fill(found[1]))
