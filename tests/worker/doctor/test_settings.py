"""What is wrong with the settings is named with the remedy, and no secret is printed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, Processes
from tests.worker.doctor.doctor import Doctor


def test_a_missing_setting_is_named_and_ends_the_examination(doctor: Doctor) -> None:
    found = doctor.examine(DATABASE_URL="")
    assert found.code == 1
    assert "DATABASE_URL" in found.broken()["settings"]["found"]


@pytest.mark.parametrize(
    ("command", "name", "url"),
    [
        ("worker doctor", "DATABASE_URL", "postgresql://u:hidden-secret@127.0.0.1:1/d?sslmode=bogus"),
        ("celery -A worker report", "REDIS_URL", "redis://:hidden-secret@127.0.0.1:1/abc"),
    ],
)
def test_a_url_that_nobody_could_use_is_named_by_every_program(
    family: Processes, command: str, name: str, url: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=ROOT, env={**family.environment, name: url}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"{name}: should " in said
    assert [word for word in ("hidden-secret", "Traceback") if word in said] == []


def test_a_misspelt_setting_is_named_with_the_right_one(doctor: Doctor) -> None:
    [warning] = doctor.examine(SMTP_PASWORD="hidden-secret").of("settings", "warning")
    assert warning["remedy"] == "Did you mean SMTP_PASSWORD?"


@pytest.mark.long
def test_a_secret_given_twice_is_named_but_not_where_its_file_is_empty(doctor: Doctor, tmp_path: Path) -> None:
    file = tmp_path / "database_url"
    file.touch()
    assert doctor.examine(DATABASE_URL_FILE=str(file)).of("settings", "warning") == []
    file.write_text("postgresql://elsewhere/abparts\n", encoding="utf-8")
    [warning] = doctor.examine(DATABASE_URL_FILE=str(file)).of("settings", "warning")
    assert "DATABASE_URL and DATABASE_URL_FILE are both set; DATABASE_URL is used" in warning["found"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"SMTP_USE_SSL": "true", "SMTP_SERVER": "smtp.office365.com"}, "smtp.office365.com speaks STARTTLS"),
        ({"SMTP_PORT": "465"}, "465 without SMTP_USE_SSL"),
    ],
)
def test_contradictory_settings_are_named(doctor: Doctor, changed: dict[str, str], words: str) -> None:
    assert words in doctor.examine(**changed).broken()["settings"]["found"]


@pytest.mark.long
def test_a_way_of_sending_without_its_settings_is_named(doctor: Doctor) -> None:
    assert "OAUTH_TENANT: missing" in doctor.examine(MAIL_TRANSPORT="graph").broken()["mail"]["found"]


@pytest.mark.long
def test_no_secret_is_ever_printed(doctor: Doctor, family: Processes) -> None:
    secrets = [family.environment[name] for name in ("SMTP_PASSWORD", "FLOWER_PASSWORD")]
    secrets.append(family.environment["REDIS_URL"].partition("@")[0].rpartition(":")[2])
    output = doctor.examine().output + doctor.run().stdout
    assert [secret for secret in secrets if secret in output] == []
