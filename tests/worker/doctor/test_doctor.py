"""For each thing that breaks, Redis and settings apart: the doctor names it and the remedy, and nothing else."""

from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from services.schema.protection import protect
from tests.processes import Processes, wait_for
from tests.worker.doctor.doctor import Doctor, Examination
from worker.embedded.ports import Port
from worker.liveness.last_seen import BEAT, last_runs


def test_a_whole_installation_is_well(doctor: Doctor, family: Processes, connection: Connection, redis: Redis) -> None:
    protect(connection)
    family.worker("events,urgent,mail,sweeps,listen")
    family.beat()
    wait_for(lambda: BEAT in last_runs(redis), "beat's first message")
    examinations: list[Examination] = []

    def is_well() -> bool:
        examinations.append(doctor.examine())
        return examinations[-1].code == 0

    wait_for(is_well, "a clean bill of health")
    found = examinations[-1]
    assert {one["part"] for one in found.findings} == {
        *(
            "settings",
            "policy",
            "contacts",
            "postgresql",
            "clock",
            "redis",
            "events",
            "mail",
            "second ear",
            "workers",
            "flower",
            "alerts",
        ),
    }
    plain = doctor.run()
    assert plain.returncode == 0
    assert [one for one in found.findings if one["level"] == "warning"] == []
    assert "All is well." in plain.stdout


def test_missing_workers_and_beat_are_named(doctor: Doctor) -> None:
    found = doctor.examine()
    assert found.code == 1
    assert set(found.broken()) == {"workers"}
    words = [one["found"] for one in found.of("workers", "broken")]
    assert [word for word in words if "nobody consumes queue urgent" in word]
    assert "never" in words


def test_a_wrong_mail_password_is_named_with_the_servers_words(doctor: Doctor) -> None:
    mail = doctor.examine(SMTP_PASSWORD="wrong-secret").broken()["mail"]
    assert mail["tried"] == "log in"
    assert "535" in mail["found"]
    assert "SMTP_PASSWORD" in mail["remedy"]


@pytest.mark.long
def test_mail_that_is_still_held_though_the_login_works_is_let_go_by_the_command_that_is_named(
    doctor: Doctor, connection: Connection
) -> None:
    account = f"smtp:{doctor.family.environment['SMTP_SERVER']}:{doctor.family.environment['SMTP_PORT']}"
    connection.execute(
        text("""INSERT INTO escalation.mail_accounts (account, state, phase, hint)
                VALUES (:account, 'open', 'auth', 'The login was refused: check SMTP_PASSWORD.')"""),
        {"account": f"{account}:{doctor.family.environment['SMTP_USERNAME']}"},
    )
    found = doctor.examine()
    assert found.broken()["mail"]["remedy"] == "Run python -m worker mail probe: it lets 0 mails go."
    assert "SMTP_PASSWORD" not in found.output


@pytest.mark.long
def test_a_mail_server_that_is_away_is_named(doctor: Doctor) -> None:
    mail = doctor.examine(SMTP_PORT="1").broken()["mail"]
    assert "refused" in mail["found"]
    assert "SMTP_SERVER" in mail["remedy"]


@pytest.mark.long
def test_a_certificate_that_nobody_vouches_for_is_named(doctor: Doctor) -> None:
    assert "SMTP_CA_FILE" in doctor.examine(SMTP_CA_FILE="").broken()["mail"]["remedy"]


@pytest.mark.long
def test_a_mail_server_without_a_name_is_told_apart(doctor: Doctor) -> None:
    assert "DNS" in doctor.examine(SMTP_SERVER="no-such-host.invalid").broken()["mail"]["remedy"]


def test_a_database_that_is_away_is_named_and_the_rest_still_examined(doctor: Doctor) -> None:
    found = doctor.examine(DATABASE_URL="postgresql://escalation:hidden-secret@127.0.0.1:1/abparts")
    assert "Connection refused" in found.broken()["postgresql"]["found"]
    assert found.of("redis", "ok")
    assert found.of("mail", "unknown")
    assert "hidden-secret" not in found.output


@pytest.mark.long
def test_a_wrong_database_name_is_told_apart(doctor: Doctor, database_url: str) -> None:
    name = database_url.rpartition("/")[2].partition("?")[0]
    found = doctor.examine(DATABASE_URL=database_url.replace(f"/{name}", "/nothing_here"))
    assert "database's name" in found.broken()["postgresql"]["remedy"]


@pytest.mark.parametrize(
    ("break_it", "place"),
    [
        ("DROP TABLE public.escalation_triggers CASCADE", "public.escalation_triggers is missing"),
        ("ALTER TABLE public.support_tickets DROP COLUMN priority", "public.support_tickets.priority"),
        ("DROP TRIGGER escalation_audit_update ON public.support_tickets", "is not audited"),
    ],
)
def test_a_schema_that_was_changed_is_named(doctor: Doctor, connection: Connection, break_it: str, place: str) -> None:
    connection.execute(text(break_it))
    assert [one for one in doctor.examine().of("postgresql", "broken") if place in one["found"] and one["remedy"]]


def test_a_schema_that_is_gone_is_restored_before_it_is_made_anew(doctor: Doctor, connection: Connection) -> None:
    connection.execute(text("DROP SCHEMA escalation CASCADE"))
    found = doctor.examine(ALERT_WEBHOOK_URL="http://127.0.0.1:1/hook")
    [gone] = [one for one in found.of("postgresql", "broken") if one["found"].startswith("schema escalation")]
    assert gone["remedy"].startswith("If it was there before, restore the backup first")
    for part in ("mail", "alerts"):
        [unknown] = found.of(part, "unknown")
        assert 'relation "escalation.' in unknown["found"]
    assert "does not answer" not in found.output


def test_a_second_writer_of_tickets_is_named(doctor: Doctor, connection: Connection) -> None:
    connection.execute(
        text("""INSERT INTO escalation.audit_log (actor, table_name, row_id, action)
                VALUES ('abparts_api', 'support_tickets', 'x', 'insert')""")
    )
    warnings = [one["found"] for one in doctor.examine().of("postgresql", "warning")]
    assert [warning for warning in warnings if "abparts_api opened 1 ticket in" in warning]


@pytest.mark.long
def test_tables_that_a_plain_drop_would_take_away_are_named(doctor: Doctor, connection: Connection) -> None:
    [warning] = doctor.examine().of("postgresql", "warning")
    assert "not protected: " in warning["found"]
    assert "support_tickets" in warning["found"]
    assert "python -m worker db protect" in warning["remedy"]
    protect(connection)
    assert doctor.examine().of("postgresql", "warning") == []


def test_a_broken_contacts_file_is_named_with_its_line(doctor: Doctor, tmp_path: Path) -> None:
    contacts = tmp_path / "contacts.toml"
    contacts.write_text("version = \n", encoding="utf-8")
    assert "contacts.toml" in doctor.examine(CONTACTS_FILE=str(contacts)).broken()["contacts"]["found"]


def test_example_contacts_are_named_where_real_users_wait(doctor: Doctor) -> None:
    assert "examples" in doctor.examine(ESCALATION_EMBEDDED="false").broken()["contacts"]["found"]


@pytest.mark.long
def test_alerts_that_nobody_gets_are_named(doctor: Doctor) -> None:
    assert "nobody" in doctor.examine().of("alerts", "note")[0]["found"]


@pytest.mark.long
def test_flower_is_tried_with_and_without_its_login(doctor: Doctor, family: Processes) -> None:
    port = Port(None, "flower")
    family.environment["FLOWER_PORT"] = str(port.number)
    family.start("celery", "-A", "worker", "flower")
    # A company's proxy does not know this machine, and is not told the login.
    family.environment["http_proxy"] = "http://127.0.0.1:1"
    wait_for(lambda: len(doctor.examine().of("flower", "ok")) == 2, "Flower's page")
    other = doctor.examine(FLOWER_PASSWORD="another-secret-than-hers").broken()["flower"]
    assert "with the login it answers 401" in other["found"]


def test_where_flower_s_login_is_not_known_the_doctor_says_where_to_ask(doctor: Doctor) -> None:
    [note] = doctor.examine(FLOWER_PASSWORD="").of("flower", "note")
    assert "not set here" in note["found"]
    assert "docker compose exec flower python -m worker doctor" in note["remedy"]
