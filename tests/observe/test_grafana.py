"""The Grafana dashboard: each query asks for something that is told, and a real Prometheus answers it."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from tests.observe.test_prometheus import ask, prometheus
from tests.processes import wait_for
from worker.exporter import collector, counted

__all__ = ["prometheus"]

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "observe" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards" / "escalation.json").read_text(encoding="utf-8"))
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def told() -> set[str]:
    """The names of all metrics, as they stand in the exporter's code and the recorded rules."""
    texts = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in (collector, counted)]
    texts.append((ROOT / "observe" / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
    return set(re.findall(r"escalation[:_][a-z_:0-9]+", "\n".join(texts)))


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_asks_for_what_is_told(query: str) -> None:
    asked = set(re.findall(r"escalation[:_][a-z_:0-9]+", query))
    assert asked
    assert {re.sub(r"_(total|bucket)$", "", name) for name in asked} <= told()


def test_the_panels_fill_the_width_and_none_covers_another() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))


def test_compose_brings_the_dashboard_and_its_prometheus() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    places = dict(volume.split(":")[:2] for volume in services["escalation-grafana"]["volumes"])
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/escalation.yml").read_text())["providers"]
    assert places["./observe/grafana/dashboards"] == provider["options"]["path"]
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert source["url"].removeprefix("http://").removesuffix(":9090") in services
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}


@pytest.mark.debian
def test_a_real_prometheus_answers_every_query(prometheus: str) -> None:
    wait_for(lambda: ask(f"{prometheus}/api/v1/query?query=escalation_up").get("result"), "a reading of the exporter")
    answers = {query: ask(f"{prometheus}/api/v1/query?query={quote(query)}").get("resultType") for query in QUERIES}
    assert set(answers.values()) == {"vector"}
    urgent = ask(f"{prometheus}/api/v1/query?query=escalation_urgent_unacknowledged_seconds")["result"]
    assert [sample["value"][1] for sample in urgent] == ["0"]
