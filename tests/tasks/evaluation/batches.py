"""What the tests of batches share: tickets with all that is known of them, foreign rows, counted statements, waits."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from escalation_client.events import Event
from services.database import engine as database
from services.events.stream import StreamEntry
from tests.tasks.conftest import rows

Entries = Callable[[Sequence[Event | str]], list[StreamEntry]]

TICKETS = """
    SELECT t.*, own.reasons, own.earlier_ticket_id, s.status AS session_status, s.user_id
    FROM public.support_tickets AS t JOIN escalation.tickets AS own ON own.ticket_id = t.id
    JOIN public.ai_sessions AS s ON s.id = t.session_id ORDER BY t.ticket_number
"""


def foreign_session(connection: Connection, session_id: str) -> None:
    connection.execute(
        text("""INSERT INTO public.ai_sessions (id, user_id, status, language, created_at, updated_at)
                VALUES (:id, 'u', 'active', 'en', now(), now())"""),
        {"id": session_id},
    )


def statements(action: Callable[[], object]) -> int:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(database.engine(), "before_cursor_execute", note)
    action()
    event.remove(database.engine(), "before_cursor_execute", note)
    return len(seen)


def waiting_for_locks(connection: Connection) -> int:
    (row,) = rows(connection, "SELECT count(*) AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return int(row["waiting"])


def wait_for(condition: Callable[[], bool], tries: int = 2_000) -> None:
    pause = threading.Event()
    for _ in range(tries):
        if condition():
            return
        pause.wait(0.005)
    pytest.fail("the condition did not come true in ten seconds")
