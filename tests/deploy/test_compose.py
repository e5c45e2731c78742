"""docker-compose.yml, Dockerfile and the settings fit together, and nothing is open that need not be."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from config.settings import Settings
from tests.deploy.compose import OURS, ROOT, check_of, compose, copied_folders, our_services, services

SETTINGS = {name.upper() for name in Settings.model_fields}
SECRETS = {name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
QUEUES = {"events", "sweeps", "urgent", "mail", "listen"}
EVERY_COMMAND = """
from importlib import import_module
from worker.commands import COMMANDS, available
for name in available():
    import_module(COMMANDS[name])
import tasks.mail, worker.celery_app
print(worker.celery_app.__file__)
"""


@pytest.mark.parametrize("name", our_services())
def test_each_variable_is_a_setting(name: str) -> None:
    for variable in our_services()[name]["environment"]:
        assert variable in SETTINGS or variable.removesuffix("_FILE") in SETTINGS, variable


@pytest.mark.parametrize("name", our_services())
def test_secrets_are_files_that_the_service_is_given(name: str) -> None:
    service = our_services()[name]
    for variable, value in service["environment"].items():
        # Without a value it is passed on where the engineer has set it (Compose specification, "environment").
        assert variable not in SECRETS or value is None, f"{variable} is a secret"
        if str(value).startswith("/run/secrets/"):
            assert Path(value).name in service["secrets"]


def test_every_secret_that_is_used_is_declared() -> None:
    used = {secret for service in services().values() for secret in service.get("secrets", [])}
    assert used == set(compose()["secrets"])


def test_the_page_on_installing_makes_the_file_of_every_secret(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    lines = re.findall(r"^ {4}((?:mkdir|touch|openssl|printf) .+)$", page, re.MULTILINE)
    script = "\n".join(lines).replace("sudo ", "")
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, check=True)
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    assert made == set(compose()["secrets"])
    for server, url in {"postgres": "database_url", "redis": "redis_url"}.items():
        assert urlsplit(secret(tmp_path, url)).password == secret(tmp_path, f"{server}_password")
    assert len(secret(tmp_path, "link_secret")) >= 32


def secret(folder: Path, name: str) -> str:
    return (folder / "secrets" / name).read_text(encoding="utf-8").strip()


def test_no_password_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    # ${NAME:-} passes an empty value on, which is none.
    assert re.findall(r"\$\{\w*(?:PASSWORD|SECRET|TOKEN)(?:_\w+)?:-[^}]+\}", text) == []
    assert re.search(r"password\s*:\s*\w", text, re.IGNORECASE) is None


def test_who_gets_the_mails_is_all_that_has_to_be_said() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert re.findall(r"\$\{(\w+):?\?", text) == ["SUPPORT_EMAIL"]


@pytest.mark.parametrize("name", services())
def test_only_this_machine_reaches_a_published_port(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in services()[name].get("ports", []))


def test_what_is_published_is_where_the_program_listens_whatever_stands_in_the_env_file() -> None:
    """What `.env` says reaches the container as well, unless the service says otherwise."""
    for name, variable in {"flower": "FLOWER_PORT", "desk": "DESK_PORT"}.items():
        service = our_services()[name]
        assert [port.rpartition(":")[2] for port in service["ports"]] == [service["environment"][variable]]
    scraped = (ROOT / "observe" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    assert f"exporter:{our_services()['exporter']['environment']['EXPORTER_PORT']}" in scraped


@pytest.mark.parametrize("name", services())
def test_images_are_pinned(name: str) -> None:
    image = services()[name]["image"]
    assert image == "escalation-worker:${VERSION:-latest}" or re.search(r":v?\d+\.\d+", image)


@pytest.mark.parametrize("name", our_services())
def test_our_services_run_without_rights(name: str) -> None:
    service = our_services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", services())
def test_every_service_is_limited_has_no_rights_and_rotates_its_log(name: str) -> None:
    service = services()[name]
    assert {"cpus", "memory"} == set(service["deploy"]["resources"]["limits"])
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["driver"] == "json-file"
    assert {"max-size", "max-file"} == set(service["logging"]["options"])


def test_every_service_that_lasts_comes_back() -> None:
    assert {name for name, one in services().items() if one["restart"] != "unless-stopped"} == {"migrate"}


def test_every_service_of_ours_that_lasts_has_a_health_check_that_may_end_it() -> None:
    assert {name for name, one in our_services().items() if not one.get("healthcheck")} == {"migrate"}
    # Nobody inside a container can end its process 1.
    assert all(one["init"] is True for one in our_services().values())


def test_the_migration_waits_for_postgresql_gives_up_and_nobody_waits_for_it() -> None:
    migrate = our_services()["migrate"]
    assert migrate["command"][-2:] == ["--wait", "60"]
    # Without the profile there is no such service (Compose specification, "required", since 2.20).
    assert migrate["depends_on"]["escalation-postgres"] == {"condition": "service_healthy", "required": False}
    assert services()["escalation-postgres"]["healthcheck"]
    assert migrate["profiles"] == ["migrate"]
    assert [name for name, one in services().items() if "migrate" in one.get("depends_on", {})] == []


def test_no_registry_is_asked_for_our_own_name() -> None:
    assert {one["pull_policy"] for one in our_services().values()} == {"never"}


def test_servers_have_names_that_abparts_does_not_use() -> None:
    """They share ABParts' network, where a name stands for all who bear it."""
    assert all(name.startswith("escalation-") for name in services().keys() - our_services().keys())


def test_redis_takes_at_most_half_of_its_memory_and_is_not_root() -> None:
    redis = services()["escalation-redis"]
    assert "--maxmemory 256mb --maxmemory-policy noeviction" in redis["command"][2]
    assert redis["deploy"]["resources"]["limits"]["memory"] == "512M"
    assert redis["user"] == "999:999"


def test_the_demo_runs_what_is_really_run() -> None:
    """The same commands, servers and versions, though with passwords of its own."""
    demo: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.demo.yml").read_text(encoding="utf-8"))["services"]
    for name, service in our_services().items():
        assert demo[name]["command"] == service["command"]
    real = {str(one["image"]) for one in services().values() if not str(one["image"]).startswith(OURS)}
    assert {str(one["image"]) for one in demo.values()} == real | {"escalation-worker:demo"}
    assert all(port.startswith("127.0.0.1:") for one in demo.values() for port in one.get("ports", []))


def test_every_queue_is_consumed_once_and_safety_mail_apart_from_events() -> None:
    queues = [
        set(command[command.index("-Q") + 1].split(","))
        for command in (one["command"] for one in our_services().values())
        if "-Q" in command
    ]
    assert set().union(*queues) == QUEUES
    assert sum(map(len, queues)) == len(QUEUES)
    assert any("urgent" in one and "events" not in one for one in queues)


def test_a_mailer_may_finish_the_mail_in_its_hands() -> None:
    grace = int(our_services()["mailer"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings.model_fields["smtp_reply_seconds"].default


def test_the_image_is_nobody_s_by_number_and_names_its_base_exactly() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG PYTHON=3\.\d+\.\d+-slim-\w+$", dockerfile, re.MULTILINE)
    assert dockerfile.count("FROM python:${PYTHON}${PYTHON_DIGEST:+@${PYTHON_DIGEST}}") == 2
    assert dockerfile.index("\nUSER 10001:10001") < dockerfile.index("\nENTRYPOINT")
    assert "PYTHONPATH=/app" in dockerfile


def copy_of_image(folder: Path) -> tuple[Path, dict[str, str]]:
    """The files that the image holds, and an environment in which nothing answers."""
    folder.mkdir(exist_ok=True)
    for name in copied_folders() - {"pyproject.toml", "constraints.txt"}:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("embedded"))
        else:
            shutil.copy(source, folder / name)
    return folder, {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{folder}:{folder}/client/src",
        "PYTHONDONTWRITEBYTECODE": "1",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }


def test_what_the_image_holds_is_enough(tmp_path: Path) -> None:
    folder, environment = copy_of_image(tmp_path)
    result = subprocess.run(
        [sys.executable, "-c", EVERY_COMMAND],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(str(folder))


@pytest.mark.parametrize("name", [name for name, one in our_services().items() if one.get("healthcheck")])
def test_a_container_asks_its_own_program_and_starts_no_python_for_it(name: str) -> None:
    assert check_of(name) == ["sh", "worker/health.sh"]
    # In the memory of this one container.
    assert our_services()[name]["environment"]["LIVENESS_FILE"] == "/tmp/liveness"
    assert "/tmp" in our_services()[name]["tmpfs"]
