"""The client's wheel: installs alone, with redis and nothing of the worker, and publishes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from redis import Redis

from escalation_client.events import ConfidenceReported
from tests.client.stream import events_in

ROOT = Path(__file__).parents[2]
PUBLISH = """
import sys
from importlib.metadata import distributions
from escalation_client import ConfidenceReported, OutcomeReader, Publisher

installed = {each.name.lower().replace("_", "-") for each in distributions()}
assert installed <= {"escalation-client", "redis", "async-timeout"}, installed
with Publisher(sys.argv[1]) as publisher, OutcomeReader(sys.argv[1]) as reader:
    position = reader.position()
    publisher.publish(ConfidenceReported(session_id="from-the-wheel", confidence=0.1))
    assert reader.wait_for_outcome("from-the-wheel", 0, after=position) is None
"""
EVENTS_ALONE = """
import sys
from escalation_client.events import MessageAdded, decode, encode

event = MessageAdded(session_id="s1", message_id="m1", sender="user", content="hello")
assert decode(encode(event)) == event
assert "redis" not in sys.modules
"""


def run(*command: object) -> str:
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, env=alone)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy, since building leaves its own files beside the source.
    source = shutil.copytree(ROOT / "client", folder / "client", ignore=shutil.ignore_patterns("build", "*.egg-info"))
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, source)
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment that has the wheel and what it asks for."""
    home = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", "--without-pip", home)
    python = home / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    return python


@pytest.mark.long
def test_the_wheel_installs_alone_and_publishes(python: Path, url: str, redis: Redis) -> None:
    run(python, "-I", "-c", PUBLISH, url)
    [event] = events_in(redis)
    assert isinstance(event, ConfidenceReported)
    assert event.session_id == "from-the-wheel"


@pytest.mark.long
def test_event_types_need_no_redis_at_all(python: Path) -> None:
    run(python, "-I", "-c", EVENTS_ALONE)


def test_the_wheel_is_typed_and_holds_the_client_only(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert "escalation_client/py.typed" in names
    assert all(name.startswith("escalation_client") for name in names)
