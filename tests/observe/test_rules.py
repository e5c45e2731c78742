"""The alerts of observe/prometheus, tested by Prometheus' own tool, against the metrics that the exporter has."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

RULES = Path(__file__).parents[2] / "observe" / "prometheus"


def promtool(*arguments: str) -> str:
    tool = shutil.which("promtool")
    assert tool, "apt-get install prometheus"
    result = subprocess.run([tool, *arguments], cwd=RULES, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.debian
def test_each_alert_fires_when_it_should_and_not_before() -> None:
    assert "SUCCESS" in promtool("test", "rules", "rules.test.yml")


@pytest.mark.debian
def test_the_configuration_is_valid() -> None:
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")


@pytest.mark.debian
def test_the_configuration_is_valid_with_the_alertmanager_that_stands_there_as_a_comment(tmp_path: Path) -> None:
    shutil.copytree(RULES, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "prometheus.yml"
    named = re.sub("^# (alerting:|  )", r"\1", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file.write_text(named, encoding="utf-8")
    assert yaml.safe_load(named)["alerting"]["alertmanagers"][0]["static_configs"]
    assert "SUCCESS" in promtool("check", "config", str(file))


def rules() -> list[dict[str, str]]:
    [group] = yaml.safe_load((RULES / "rules.yml").read_text(encoding="utf-8"))["groups"]
    found: list[dict[str, str]] = group["rules"]
    return found


def test_the_exporter_has_every_metric_that_a_rule_asks_for() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in (RULES.parents[1] / "worker" / "exporter").glob("*.py")
    )
    wanted = {name for rule in rules() for name in re.findall(r"\bescalation_\w+", rule["expr"])}
    assert {name for name in wanted if f'"{name.removesuffix("_total")}"' not in source} == set()


def test_the_pages_say_what_to_do_for_each_alert() -> None:
    page = (RULES.parents[1] / "docs" / "operate.md").read_text(encoding="utf-8")
    assert [rule["alert"] for rule in rules() if "alert" in rule and f"### {rule['alert']}\n" not in page] == []


def test_each_rule_is_tested() -> None:
    tested = (RULES / "rules.test.yml").read_text(encoding="utf-8")
    assert [rule for rule in rules() if not re.search(rf"\b{rule.get('alert') or rule['record']}\b", tested)] == []
