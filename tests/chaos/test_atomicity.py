"""A ticket, its triggers, its session's status, audit, mails and outcomes exist together or not at all."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, text

from rules.decision import Examined
from rules.triggers import examine
from services.database.engine import begin
from services.escalation.process_batch import process
from services.events.decoding import Received
from services.events.stream import StreamEntry
from services.installation import Installation
from tests.events import confidence

TABLES = (
    "escalation.event_inbox",
    "escalation.sessions",
    "escalation.tickets",
    "escalation.ticket_counters",
    "escalation.mails",
    "escalation.mail_recipients",
    "escalation.outcomes",
    "escalation.audit_log",
    "public.ai_sessions",
    "public.support_tickets",
    "public.escalation_triggers",
)


class PowerFailure(Exception):
    """What ends the transaction at its very end."""


def written(connection: Connection) -> dict[str, int]:
    return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in TABLES}


def received(installation: Installation) -> Received:
    event = confidence("s", 0.1)
    signals = examine(event, installation.policy, installation.lexicon)
    entry = StreamEntry(f"{datetime.now(UTC).timestamp() * 1000:.0f}-0", b"{}", {})
    return Received(entry, Examined(event, signals))


def fail_at_the_end(installation: Installation) -> None:
    with begin() as failing:
        process(failing, [received(installation)], [], installation)
        raise PowerFailure


def test_nothing_is_left_of_a_transaction_that_failed_at_its_end(
    installation: Installation, connection: Connection
) -> None:
    before = written(connection)
    with pytest.raises(PowerFailure):
        fail_at_the_end(installation)
    assert written(connection) == before


def test_all_of_it_is_there_when_the_transaction_committed(installation: Installation, connection: Connection) -> None:
    before = written(connection)
    with begin() as working:
        process(working, [received(installation)], [], installation)
    after = written(connection)
    assert [table for table in TABLES if after[table] == before[table]] == []
