"""A worker's process with tickets in it, opened the usual way: by events."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from services.installation import Installation
from tasks.evaluation.batch import write
from tests.events import confidence
from tests.tasks.conftest import connection, entries, installation, publish, redis, rows
from tests.tasks.evaluation.batches import Entries

__all__ = ["connection", "entries", "installation", "publish", "redis"]

Opened = Callable[..., str]


@pytest.fixture
def opened(installation: Installation, entries: Entries, connection: Connection) -> Opened:
    """Open a ticket for a session and return its number."""

    def ticket(session: str = "s", seconds: float = 5) -> str:
        write(entries([confidence(session, 0.1, seconds=seconds)]), installation)
        newest = (
            "SELECT ticket_number FROM escalation.tickets WHERE session_id = :session ORDER BY ordinal DESC LIMIT 1"
        )
        return str(rows(connection, newest, session=session)[0]["ticket_number"])

    return ticket


def by_sql(connection: Connection, statement: str, **parameters: object) -> None:
    """What somebody at a SQL prompt does, under another name than the worker's."""
    with connection.engine.connect() as other, other.begin():
        other.execute(text("SET LOCAL escalation.actor = ''"))
        other.execute(text(statement), parameters)


def outcomes(connection: Connection) -> list[str]:
    return [
        str(row["payload"]["type"])
        for row in rows(connection, "SELECT payload FROM escalation.outcomes ORDER BY position")
    ]


def ticket_row(connection: Connection, number: str) -> dict[str, object]:
    (row,) = rows(
        connection,
        """SELECT p.*, own.acknowledged_at, own.acknowledged_by, own.waiting_since
           FROM public.support_tickets AS p JOIN escalation.tickets AS own ON own.ticket_id = p.id
           WHERE p.ticket_number = :number""",
        number=number,
    )
    return row
