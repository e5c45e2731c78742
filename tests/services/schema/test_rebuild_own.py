"""The worker's own tickets through the accident: events wait meanwhile, and afterwards all is as it was."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, text

from escalation_client.events import Event
from services.events.stream import StreamEntry
from services.installation import Installation
from services.schema.rebuild import make_plan
from tasks.evaluation.batch import Unavailable, write
from tests.events import confidence, diagnosed, message, requested
from tests.services.schema.accident import THE_ACCIDENT, apply, run
from tests.services.schema.rows import contents, rows
from tests.tasks.conftest import connection, entries, installation, publish, redis

__all__ = ["connection", "entries", "installation", "publish", "redis"]

Entries = Callable[[Sequence[Event | str]], list[StreamEntry]]
AUDITED = ("ai_sessions", "support_tickets", "escalation_triggers")


@pytest.fixture
def tickets(installation: Installation, entries: Entries, connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Three tickets with several reasons, one of them resolved by hand; what ABParts' tables hold then."""
    events: list[Event] = [
        message("a", "there is smoke from the cabinet"), confidence("a", 0.1),
        confidence("b", 0.2), diagnosed("c", "very_low"), requested("c", notes="please call"),
    ]  # fmt: skip
    assert write(entries(events), installation).result.opened == 3
    connection.execute(text("UPDATE support_tickets SET status = 'resolved', resolution_notes = 'Dry again' "
                            "WHERE session_id = 'b'"))  # fmt: skip
    return {name: contents(connection, name) for name in AUDITED}


def test_tickets_numbers_changes_and_triggers_are_what_they_were(
    tickets: dict[str, Any], migrated: Engine, connection: Connection
) -> None:
    run(migrated, THE_ACCIDENT)
    assert apply(migrated).refused == []
    assert {name: contents(connection, name) for name in AUDITED} == tickets


def test_events_wait_while_the_tables_are_missing_and_numbers_go_on_afterwards(
    tickets: dict[str, Any], migrated: Engine, installation: Installation, entries: Entries, connection: Connection
) -> None:
    run(migrated, THE_ACCIDENT)
    meanwhile = entries([confidence("d", 0.1)])
    with pytest.raises(Unavailable, match="does not exist"):
        write(meanwhile, installation)
    apply(migrated)
    assert write(meanwhile, installation).result.opened == 1
    assert rows(connection, "SELECT * FROM escalation.rejected_events") == []
    numbers = [row["ticket_number"] for row in rows(connection, "SELECT ticket_number FROM support_tickets ORDER BY 1")]
    assert [number[-4:] for number in numbers] == ["0001", "0002", "0003", "0004"]


def test_without_the_log_the_worker_s_own_tables_give_what_they_know(
    tickets: dict[str, Any], migrated: Engine, connection: Connection
) -> None:
    run(migrated, THE_ACCIDENT, "DELETE FROM escalation.audit_log")
    plan = make_plan(connection)
    assert [one.from_own for one in plan.tables if one.state.audited] == [3, 3, 5]
    assert any("notes, contacts and machine of 3 tickets" in line for line in plan.unknown)
    assert apply(migrated).written == {"ai_sessions": 3, "support_tickets": 3, "escalation_triggers": 5}
    assert contents(connection, "escalation_triggers") == tickets["escalation_triggers"]
    known = ("id", "session_id", "ticket_number", "priority", "escalation_reason")
    assert [{name: row[name] for name in known} for row in contents(connection, "support_tickets")] == [
        {name: row[name] for name in known} for row in tickets["support_tickets"]
    ]
    summaries = {row["session_id"]: row["session_summary"] for row in contents(connection, "support_tickets")}
    assert "smoke from the cabinet" in summaries["a"]


@pytest.mark.parametrize(
    ("table", "column", "exactly"),
    [
        ("ai_sessions", "user_id", True),
        ("support_tickets", "ticket_number", True),
        ("support_tickets", "created_at", False),
        ("support_tickets", "session_summary", True),
        ("escalation_triggers", "triggered_at", True),
        ("escalation_triggers", "decision_reason", True),
    ],
)
def test_without_the_log_a_dropped_column_is_filled_with_what_the_worker_s_own_tables_know(
    tickets: dict[str, Any], migrated: Engine, connection: Connection, table: str, column: str, exactly: bool
) -> None:
    run(migrated, f"ALTER TABLE {table} DROP COLUMN {column} CASCADE", "DELETE FROM escalation.audit_log")
    report = apply(migrated)
    assert (report.filled, report.refused) == ({f"{table}.{column}": len(tickets[table])}, [])
    now = contents(connection, table)
    assert None not in [row[column] for row in now]
    if exactly:
        assert [row[column] for row in now] == [row[column] for row in tickets[table]]


def test_nothing_is_told_or_mailed_because_of_a_rebuild(
    tickets: dict[str, Any], migrated: Engine, connection: Connection, redis: Redis
) -> None:
    count = (
        "SELECT (SELECT count(*) FROM escalation.mails) AS mails, (SELECT count(*) FROM escalation.outcomes) AS told"
    )
    before = rows(connection, count)
    run(migrated, THE_ACCIDENT)
    apply(migrated)
    assert rows(connection, count) == before
