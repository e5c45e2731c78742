"""What is old is forgotten in small steps, and nothing else."""

from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from services.installation import Installation
from services.privacy.retention import STEP
from tasks import sweeps as house
from tasks.evaluation.drain import drain
from tests.events import confidence, message
from tests.tasks.conftest import Publish

TABLES = ("event_inbox", "sessions", "tickets", "mails", "mail_recipients", "rejected_events", "outcomes", "audit_log")


def count(connection: Connection, table: str, where: str = "true") -> int:
    found: int = connection.execute(text(f"SELECT count(*) FROM escalation.{table} WHERE {where}")).scalar_one()
    return found


def counts(connection: Connection) -> dict[str, int]:
    return {table: count(connection, table) for table in TABLES}


def let_pass(connection: Connection, days: int) -> None:
    """As if everything had happened so many days earlier."""
    columns: dict[str, Any] = {
        "event_inbox": "received_at",
        "rejected_events": "rejected_at",
        "outcomes": "published_at",
        "mails": "queued_at",
        "sessions": "created_at",
        "audit_log": "at",
    }
    for table, column in columns.items():
        connection.execute(
            text(f"UPDATE escalation.{table} SET {column} = clock_timestamp() - make_interval(days => :days)"),
            {"days": days},
        )


@pytest.fixture
def details(installation: Installation, publish: Publish, redis: Redis, connection: Connection) -> Connection:
    publish([message("s1", "help me, i smell smoke"), confidence("s2", 0.9), "{"])
    drain(redis, installation)
    connection.execute(text("UPDATE escalation.outcomes SET published_at = clock_timestamp()"))
    assert count(connection, "tickets") == 1
    return connection


def test_nothing_young_is_forgotten(details: Connection) -> None:
    before = counts(details)
    assert house.keep_house() == "idle"
    assert counts(details) == before


def test_texts_go_after_ninety_days_and_facts_stay(details: Connection) -> None:
    details.execute(text("UPDATE escalation.mail_recipients SET state = 'accepted'"))
    let_pass(details, 91)
    before = counts(details)
    house.keep_house()
    after = counts(details)
    assert count(details, "event_inbox", "payload <> '{}' OR evidence <> '[]'") == 0
    assert count(details, "mail_recipients", "address <> 'forgotten'") == 0
    assert {name for name in TABLES if after[name] != before[name]} == {"rejected_events", "outcomes"}
    assert house.keep_house() == "idle"


def test_mail_that_nobody_has_accepted_keeps_its_address(details: Connection) -> None:
    let_pass(details, 91)
    house.keep_house()
    assert count(details, "mail_recipients", "address = 'forgotten'") == 0


def test_event_ids_go_after_two_years_and_the_audit_log_stays(details: Connection) -> None:
    let_pass(details, 731)
    before = counts(details)
    house.keep_house()
    after = counts(details)
    assert after["event_inbox"] == 0
    assert (after["tickets"], after["audit_log"]) == (before["tickets"], before["audit_log"])
    assert count(details, "sessions") == 1, "the one with a ticket"


def test_many_rows_go_in_several_steps(installation: Installation, connection: Connection) -> None:
    connection.execute(
        text("""INSERT INTO escalation.rejected_events (rejected_id, entry_id, reason, payload, rejected_at)
                SELECT gen_random_uuid(), n::text, 'old', '', now() - interval '1 year'
                FROM generate_series(1, :n) AS n"""),
        {"n": 2 * STEP + 1},
    )
    assert house.keep_house() == f"events_set_aside={2 * STEP + 1}"
    assert count(connection, "rejected_events") == 0
