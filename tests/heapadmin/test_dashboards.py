"""What deploy/ shows and warns of: each metric and label in it exists, and each label's value can occur."""

import json
import re

import pytest
import yaml
from django.conf import settings

from analytics.kinds import watch
from collector.decide import Outcome
from tests.test_docs import exported

DASHBOARD = json.loads((settings.BASE_DIR / "deploy/grafana/heapadmin.json").read_text())
ALERTS = yaml.safe_load((settings.BASE_DIR / "deploy/prometheus/alerts.yaml").read_text())
OF_PROMETHEUS = {"le", "job", "instance"}  # labels that a scrape adds
PARTS_OF_A_HISTOGRAM = ("_bucket", "_sum", "_count")
OUTCOMES = {
    "heapadmin_requests_total": {outcome.value for outcome in Outcome},
    "heapadmin_questions_total": {watch.ANSWERED, watch.PUT_OFF, watch.FAILED, *watch.OUTCOMES.values()},
    "heapadmin_jobs_total": {"succeeded", "failed"},
}


def expressions():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield pytest.param(target["expr"], id=f"panel {panel['title']} {target['refId']}")
    for variable in DASHBOARD["templating"]["list"]:
        if isinstance(variable["query"], dict):
            yield pytest.param(variable["query"]["query"], id=f"variable {variable['name']}")
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            yield pytest.param(rule["expr"], id=f"alert {rule['alert']}")


def labels_of(metric):
    """Raises KeyError if there is no such metric."""
    known = exported()
    for part in PARTS_OF_A_HISTOGRAM:
        if metric.endswith(part) and metric.removesuffix(part) in known:
            return known[metric.removesuffix(part)]
    return known[metric]


def test_there_are_some():
    assert len(list(expressions())) > 30


@pytest.mark.parametrize("expression", list(expressions()))
def test_every_metric_and_label_exists(expression):
    metrics = re.findall(r"\b(heapadmin_\w+)", expression)
    labels = set().union(*(labels_of(metric) for metric in metrics)) | OF_PROMETHEUS

    assert metrics
    for names in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(names.replace(" ", "").split(",")) <= labels
    for metric, matchers in re.findall(r"\b(heapadmin_\w+)\{([^}]*)\}", expression):
        for name, operator, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', matchers):
            assert name in labels_of(metric) | OF_PROMETHEUS
            if name == "outcome":
                assert set(value.split("|")) <= OUTCOMES[metric], operator


@pytest.mark.parametrize("expression", list(expressions()))
def test_brackets_are_closed(expression):
    bare = re.sub(r'"[^"]*"', "", expression)

    for opening, closing in ("()", "{}", "[]"):
        assert bare.count(opening) == bare.count(closing)


def test_counters_are_read_as_rates_and_histograms_by_buckets():
    for param in expressions():
        [expression] = param.values
        for metric in re.findall(r"\b(heapadmin_\w+(?:_total|_bucket))\b", expression):
            assert re.search(rf"\b(?:rate|increase)\({metric}\b", expression), param.id


def test_legends_name_labels_that_are_kept():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            kept = set(re.split(r"[ ,]+", " ".join(re.findall(r"\bby \(([^)]*)\)", target["expr"]))))
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept, panel["title"]


def test_panels_do_not_lie_on_each_other():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not taken & cells and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_every_alert_says_what_it_means():
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]

    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert all(rule["annotations"][name] for name in ("summary", "description"))
