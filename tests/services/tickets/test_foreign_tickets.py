"""Tickets that somebody else opened are found by what the audit log tells of their sessions."""

import pytest
from sqlalchemy import Connection, text

from services.database.engine import standalone
from services.database.quick import transaction
from services.tickets.update import foreign_tickets

_MUCH_TOLD = (
    """INSERT INTO escalation.audit_log (actor, table_name, row_id, action, new)
       SELECT 'somebody', 'support_tickets', 't' || number, 'insert', jsonb_build_object('session_id', 's' || number)
       FROM generate_series(1, 2000) AS number""",
    "ANALYZE escalation.audit_log",
)
_NAME = text("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%escalation.audit_log%'")


@pytest.mark.usefixtures("installation")
def test_the_log_is_read_by_sessions_only(connection: Connection) -> None:
    for statement in _MUCH_TOLD:
        connection.execute(text(statement))
    with standalone() as session, transaction(session):
        assert foreign_tickets(session, ["s1"]) == {}
        (name,) = session.execute(_NAME).scalars()
        plan = "\n".join(session.execute(text(f"EXPLAIN EXECUTE {name} ('{{s1}}')")).scalars())
    assert "audit_log_session" in plan
    assert "audit_log_row" not in plan
