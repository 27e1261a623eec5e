"""What Prometheus watches and Grafana draws is what the bot counts."""

import json
import re
from collections.abc import Iterator

from prometheus_client import REGISTRY

import bot.metrics
from tests.deployment.files import ROOT, read

OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf8")
OUR_OWN = {"up"}
"""Made by Prometheus itself."""
OVER_TIME = {"rate", "increase", "changes", "last_over_time"}
FUNCTIONS = OVER_TIME | {"absent", "sum", "max", "time", "vector", "histogram_quantile"}


def exported() -> dict[str, set[str]]:
    """The names under which each metric is seen."""
    assert bot.metrics.REQUESTS
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    families = [family for family in REGISTRY.collect() if family.type in endings]
    return {family.name: {family.name + ending for ending in endings[family.type]} for family in families}


def names(expression: str) -> set[str]:
    """The metrics that a query asks for."""
    return set(re.findall(r"\b(incident_tracker_\w+|process_\w+|up)\b(?=[{\[ )]|$)", expression))


def rules() -> Iterator[dict[str, str]]:
    for group in read("deploy/monitoring/alerts.yml")["groups"]:
        yield from group["rules"]


def queries() -> list[str]:
    """Of the dashboard."""
    board = json.loads((ROOT / "deploy/monitoring/dashboard.json").read_text("utf8"))
    assert {panel["type"] for panel in board["panels"]} == {"row", "stat", "timeseries"}
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]


def test_alerts_and_dashboard_ask_for_what_there_is() -> None:
    known = set().union(*exported().values()) | OUR_OWN
    asked = [*(rule["expr"] for rule in rules()), *queries()]

    assert [text for text in asked if not names(text)] == []
    assert set().union(*map(names, asked)) - known == set()


def test_queries_are_whole_and_call_what_prometheus_knows() -> None:
    for query in [*(rule["expr"] for rule in rules()), *queries()]:
        bare = re.sub(r'"[^"]*"', '""', query)
        assert [bare.count(each) for each in "([{"] == [bare.count(each) for each in ")]}"], query
        assert set(re.findall(r"([a-z_]+) ?\(", bare)) - {"by", "or", "unless"} <= FUNCTIONS, query
        for called, _ in re.findall(r"(\w+)\([^()]*?\[(\d+[mh]|\$__rate_interval)\]", bare):
            assert called in OVER_TIME, query


def test_a_first_refusal_is_seen_though_it_is_no_increase_yet() -> None:
    [expr] = [rule["expr"] for rule in rules() if rule["alert"] == "IncidentTrackerSlackRefuses"]

    assert "increase(" in expr
    assert re.search(r"unless last_over_time\(.* offset 10m\)", expr)


def test_whatever_the_bot_counts_is_drawn_and_explained() -> None:
    """A new metric gets a panel in the dashboard and a row in docs/operations.md."""
    drawn = set().union(*map(names, queries()))
    ours = {name: seen for name, seen in exported().items() if name.startswith("incident_tracker_")}

    assert ours
    assert [name for name, seen in ours.items() if not seen & drawn] == []
    assert [name for name, seen in ours.items() if not any(f"`{each}`" in OPERATIONS for each in seen)] == []


def test_each_alert_is_explained() -> None:
    assert [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in OPERATIONS] == []


def test_everything_is_asked_of_the_job_that_is_scraped() -> None:
    [job] = [each["job_name"] for each in read("deploy/monitoring/prometheus.yml")["scrape_configs"]]
    asked = [selector for rule in rules() for selector in re.findall(r'job="(.*?)"', rule["expr"])]

    assert set(asked) == {job}
    assert all("job=" in rule["expr"] for rule in rules())
