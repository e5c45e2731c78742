"""A real Prometheus reads the exporter and loads the rules; an alert fires in it."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.observe.test_rules import RULES
from tests.processes import Processes, wait_for
from worker.embedded.ports import Port

QUICK = {"15s": "1s", "exporter:9808": "127.0.0.1:{port}"}


def configured(folder: Path, port: int) -> Path:
    """The configuration that ships, with the test's address and pace."""
    text = (RULES / "prometheus.yml").read_text(encoding="utf-8")
    for old, new in QUICK.items():
        assert old in text
        text = text.replace(old, new.format(port=port))
    (folder / "prometheus.yml").write_text(text, encoding="utf-8")
    shutil.copy(RULES / "rules.yml", folder)
    return folder / "prometheus.yml"


@pytest.fixture
def prometheus(family: Processes, tmp_path: Path) -> Iterator[str]:
    """The address of a Prometheus that scrapes an exporter."""
    program = shutil.which("prometheus")
    assert program, "apt-get install prometheus"
    exporter, own = Port(None, "exporter"), Port(None, "prometheus")
    family.start("worker", "exporter", EXPORTER_PORT=str(exporter.number))
    address = f"127.0.0.1:{own.number}"
    process = subprocess.Popen(
        [program, f"--config.file={configured(tmp_path, exporter.number)}", f"--web.listen-address={address}",
         f"--storage.tsdb.path={tmp_path / 'data'}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield f"http://{address}"
    process.terminate()
    process.wait(20)


def ask(url: str) -> Any:
    with suppress(URLError, OSError), urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]
    return {}


@pytest.mark.debian
def test_it_reads_the_exporter_and_alerts(prometheus: str) -> None:
    wait_for(lambda: ask(f"{prometheus}/api/v1/query?query=escalation_up").get("result"), "a reading of the exporter")
    [target] = ask(f"{prometheus}/api/v1/targets")["activeTargets"]
    assert target["health"] == "up"
    wait_for(
        lambda: (
            {"EscalationBeatGone", "EscalationWorkerGone"}
            <= {one["labels"]["alertname"] for one in ask(f"{prometheus}/api/v1/alerts").get("alerts", [])}
        ),
        "the alerts for a missing worker and beat",
    )
