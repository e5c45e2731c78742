"""docker-compose.yml and Dockerfile, read for tests."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
OURS = "escalation-worker:"


@cache
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return document


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def our_services() -> dict[str, dict[str, Any]]:
    """Those that run this program."""
    return {name: one for name, one in services().items() if str(one["image"]).startswith(OURS)}


def command_of(name: str) -> list[str]:
    """What a container of ours is started with, after `python -m`."""
    return [word.replace("$$", "$") for word in our_services()[name]["command"]]


def check_of(name: str) -> list[str]:
    """What Docker runs in a container of ours."""
    test: list[str] = our_services()[name]["healthcheck"]["test"]
    assert test[0] == "CMD"
    return test[1:]


def secret_files(name: str, folder: Path) -> dict[str, str]:
    """The service's variables that name secrets, with the files in this folder in place of those of the container."""
    return {
        variable: str(folder / Path(value).name)
        for variable, value in our_services()[name]["environment"].items()
        if str(value).startswith("/run/secrets/")
    }


def copied_folders() -> set[str]:
    """What the image holds of the checkout."""
    lines = re.findall(r"^COPY (?!--from)(\S+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    return {line.split("/")[0] for line in lines}
