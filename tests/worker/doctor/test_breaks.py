"""Something breaks while users wait: the doctor names it, an alert is posted; once fixed, nothing was lost."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from tests.processes import ROOT, wait_for
from tests.worker.doctor.installation import Installation, installed
from worker.doctor.celery_nodes import BEAT_LATE
from worker.doctor.contacts import check as contacts_check
from worker.doctor.finding import Level
from worker.embedded import LocalMailServer

pytestmark = pytest.mark.long

SUMMARIES = text("SELECT id || ': ' || session_summary FROM public.support_tickets")
# A value, which is broken below for the worker too, is one way; these only for the doctor: a quote that is not closed,
# and a key that is misspelt.
CONTACTS_MISTAKES = (
    (('hours = "24/7"', 'hours = "24/7'), "contacts.toml: "),
    (("emergency = true", "emergancy = true"), "emergancy"),
)
WAITS = "no worker waits at the event stream"


@pytest.fixture(scope="module")
def whole(mail_server: LocalMailServer) -> Iterator[Installation]:
    with installed(mail_server) as installation:
        wait_for(lambda: installation.doctor.examine().code == 0, "a clean bill of health")
        yield installation


@pytest.fixture
def installation(whole: Installation) -> Installation:
    """Well, before anything is broken, and with people who wait."""
    wait_for(whole.gives_signs_of_life, "signs of life of worker and beat")
    whole.webhook.posts.clear()
    whole.publish()
    return whole


def test_the_mail_password(installation: Installation) -> None:
    right = installation.family.environment["SMTP_PASSWORD"]
    installation.restart_worker(SMTP_PASSWORD="planted-secret-1")
    installation.publish()
    installation.alerted("mail is held")
    mail = installation.examine().broken()["mail"]
    assert "535" in mail["found"]
    assert "SMTP_PASSWORD" in mail["remedy"]

    installation.restart_worker(SMTP_PASSWORD=right)
    installation.nothing_is_lost()
    installation.all_clear("mail is held")
    for process in (installation.worker, installation.beat):
        leaks = ("planted-secret-1", right, "planted words", "hook-secret", "support@example.com")
        assert [secret for secret in leaks if secret in process.output] == []


def test_redis(installation: Installation) -> None:
    installation.valkey.kill()
    installation.publish()
    installation.alerted("Redis does not answer")
    found = installation.examine()
    assert "whether Redis runs" in found.broken()["redis"]["remedy"]
    assert found.of("workers", "unknown")

    installation.valkey.start()
    installation.nothing_is_lost()
    installation.all_clear("Redis does not answer")


def test_postgresql(installation: Installation) -> None:
    installation.postgres.kill()
    installation.publish()
    installation.alerted("PostgreSQL does not answer")
    assert "whether PostgreSQL runs" in installation.examine().broken()["postgresql"]["remedy"]

    installation.postgres.start()
    installation.nothing_is_lost()
    installation.all_clear("PostgreSQL does not answer")
    assert len([said for said in installation.webhook.texts() if "PostgreSQL" in said]) == 2, "once, and its end"


def test_beat(installation: Installation) -> None:
    installation.beat.kill()
    installation.publish()
    installation.alerted("beat sends nothing")
    wait_for(lambda: installation.beat_is_silent_for(BEAT_LATE), "the doctor's patience")
    [beat] = broken(installation, "look when beat last rang")
    assert "Beat: Start it" in beat["remedy"]

    installation.beat.restart()
    installation.nothing_is_lost()
    installation.all_clear("beat sends nothing")


def test_a_worker(installation: Installation) -> None:
    installation.worker.kill()
    installation.publish()
    installation.alerted(WAITS)
    [queue, *_] = broken(installation, "ask who consumes each queue")
    assert queue["found"] == "nobody consumes queue events"
    assert "Start it" in queue["remedy"]

    installation.worker.restart()
    installation.nothing_is_lost()
    installation.all_clear(WAITS)


def test_the_schema(installation: Installation) -> None:
    installation.nothing_is_lost()
    with installation.engine.connect() as connection:
        connection.execute(text("DROP TABLE public.support_tickets, public.escalation_triggers CASCADE"))
    installation.publish()
    installation.alerted("public.support_tickets is missing")
    [table, *_] = broken(installation, "compare the tables with what the program needs")
    assert "is missing" in table["found"]
    assert "python -m worker db rebuild" in table["remedy"]

    rebuild(installation)
    installation.nothing_is_lost()
    installation.all_clear("the database is not as the worker needs it")


def test_columns(installation: Installation) -> None:
    installation.nothing_is_lost()
    before = installation.column(SUMMARIES)
    with installation.engine.connect() as connection:
        connection.execute(text("ALTER TABLE public.support_tickets DROP COLUMN session_summary"))
        connection.execute(text("ALTER TABLE public.ai_sessions DROP COLUMN user_id"))
    installation.publish()
    installation.alerted("public.ai_sessions.user_id is missing")
    lost = broken(installation, "compare the tables with what the program needs")
    assert [one["found"].split(";")[0] for one in lost] == [
        "public.ai_sessions.user_id is missing", "public.support_tickets.session_summary is missing",
    ]  # fmt: skip
    assert all("python -m worker db rebuild" in one["remedy"] for one in lost)

    rebuild(installation)
    installation.nothing_is_lost()
    installation.all_clear("the database is not as the worker needs it")
    assert before
    assert before <= installation.column(SUMMARIES)


def test_the_contacts(installation: Installation) -> None:
    right = installation.contacts.read_text(encoding="utf-8")
    for mistake, words in CONTACTS_MISTAKES:
        line = right.count("\n", 0, right.index(mistake[0])) + 1
        installation.contacts.write_text(right.replace(*mistake, 1), encoding="utf-8")
        [broken] = [one for one in contacts_check(installation.settings) if one.level is Level.BROKEN]
        assert f"line {line}" in broken.found
        assert words in broken.found
    installation.contacts.write_text(right.replace('"24/7"', '"always"'), encoding="utf-8")
    installation.restart_worker()
    installation.publish()
    wait_for(lambda: installation.worker.popen.poll() is not None, "the worker to refuse its start")
    installation.alerted(WAITS)
    contacts = installation.examine().broken()["contacts"]
    assert "contacts.toml, line " in contacts["found"]
    assert "Fix the file and restart the workers" in contacts["remedy"]

    installation.contacts.write_text(right, encoding="utf-8")
    installation.nothing_is_lost()
    installation.all_clear(WAITS)


def rebuild(installation: Installation) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "worker", "db", "rebuild", "--apply"],
        cwd=ROOT, env=installation.family.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def broken(installation: Installation, tried: str) -> list[dict[str, str]]:
    """What the doctor finds broken where it tried this."""
    found = installation.doctor.examine()
    lines = [one for one in found.findings if (one["tried"], one["level"]) == (tried, "broken")]
    assert found.code == 1
    return lines
