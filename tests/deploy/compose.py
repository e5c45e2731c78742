"""docker-compose.yml and Dockerfile, read for tests."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
OURS = "escalation-worker:"


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return document


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def our_services() -> dict[str, dict[str, Any]]:
    """Those that run this program."""
    return {name: one for name, one in services().items() if str(one["image"]).startswith(OURS)}


def copied_folders() -> set[str]:
    """What the image holds of the checkout."""
    lines = re.findall(r"^COPY (?!--from)(\S+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    return {line.split("/")[0] for line in lines}
