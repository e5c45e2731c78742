"""Marked sessions go the whole way to a real mail server, to one address only, and leave nothing behind."""

from email import message_from_bytes, policy

from sqlalchemy import Connection, text

from tests.doctor.doctor import Doctor
from tests.processes import Processes
from worker.embedded import LocalMailServer

TABLES = (
    *("public.support_tickets", "public.ai_sessions", "public.escalation_triggers"),
    *(f"escalation.{name}" for name in ("event_inbox", "sessions", "tickets", "mails", "mail_recipients", "outcomes")),
)
OPTIONS = ("--end-to-end", "--to", "oncall@example.com")


def recipients(mail_server: LocalMailServer) -> set[str]:
    mails = [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in mail_server.mail_dir.glob("*.eml")
    ]
    return {str(mail["To"]) for mail in mails}


def left_over(connection: Connection) -> dict[str, int]:
    counts = {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in TABLES}
    return {table: count for table, count in counts.items() if count}


def test_every_reason_goes_the_whole_way(
    doctor: Doctor, family: Processes, connection: Connection, mail_server: LocalMailServer
) -> None:
    for path in mail_server.mail_dir.glob("*.eml"):
        path.unlink()
    family.worker()
    family.beat()
    result = doctor.run(*OPTIONS, "--reason", "all")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("mail accepted after") == 6
    assert recipients(mail_server) == {"oncall@example.com"}
    assert left_over(connection) == {}


def test_where_it_ended_is_said_and_nothing_is_left(doctor: Doctor, connection: Connection) -> None:
    result = doctor.run(*OPTIONS, "--seconds", "1")
    assert result.returncode == 1
    assert "does the worker run?" in result.stdout
    assert left_over(connection) == {}


def test_an_address_is_needed(doctor: Doctor) -> None:
    result = doctor.run("--end-to-end")
    assert result.returncode == 2
    assert "--to" in result.stderr
