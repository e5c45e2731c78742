"""A good guest: nothing that happens to the audit makes a statement of ABParts fail or wait."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from services.schema.migrate import migrate
from tests.services.schema.rows import add_session, contents, log, rows

MOST_SECONDS = 0.05
ACCIDENTS = {
    "the log is dropped": "DROP TABLE escalation.audit_log",
    "the log has other columns": "ALTER TABLE escalation.audit_log RENAME COLUMN actor TO who",
    "the log takes nothing": "ALTER TABLE escalation.audit_log ADD CHECK (audit_id < 0) NOT VALID",
    "the log's owner may not write": "REVOKE ALL ON escalation.audit_log FROM postgres; "
    "CREATE ROLE weak; ALTER FUNCTION escalation.audit_insert() OWNER TO weak; "
    "ALTER FUNCTION escalation.audit_update() OWNER TO weak; ALTER FUNCTION escalation.audit_delete() OWNER TO weak",
    "a helper is dropped": "DROP FUNCTION escalation.as_jsonb",
    "the schema is renamed": "ALTER SCHEMA escalation RENAME TO elsewhere",
    "the schema is dropped": "DROP SCHEMA escalation CASCADE",
}
STATEMENTS = (
    "INSERT INTO ai_sessions SELECT 'x', user_id, NULL, status, language, created_at, updated_at FROM ai_sessions "
    "WHERE id = 's1'",
    "UPDATE ai_sessions SET status = 'completed' WHERE id = 'x'",
    "UPDATE support_tickets SET status = 'closed'",
    "DELETE FROM escalation_triggers",
    "DELETE FROM ai_sessions WHERE id = 'x'",
    "TRUNCATE escalation_triggers",
)


@pytest.fixture(autouse=True)
def _no_weak_role_stays(empty: Engine) -> Iterator[None]:
    yield
    with empty.begin() as connection:
        if rows(connection, "SELECT FROM pg_roles WHERE rolname = 'weak'"):
            connection.execute(text("DROP OWNED BY weak CASCADE; DROP ROLE weak"))


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    began = time.perf_counter()
    yield
    taken = time.perf_counter() - began
    assert taken < seconds, f"it took {taken * 1000:.0f} ms"


@contextmanager
def migrating(engine: Engine) -> Iterator[Callable[[], bool]]:
    with ThreadPoolExecutor(1) as thread:
        migration = thread.submit(migrate, engine)
        yield migration.done
        migration.result()


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_statements_of_abparts_succeed_whatever_happened_to_the_log(guest: Connection, accident: str) -> None:
    guest.execute(text(ACCIDENTS[accident]))
    for statement in STATEMENTS:
        guest.execute(text(statement))
    assert contents(guest, "escalation_triggers") == []
    assert {one["status"] for one in contents(guest, "support_tickets")} == {"closed"}


def test_our_own_statement_fails_rather_than_go_unrecorded(guest: Connection) -> None:
    guest.execute(text("DROP TABLE escalation.audit_log; SET escalation.actor = 'worker'"))
    with pytest.raises(DBAPIError, match=r"escalation\.audit_log"):
        add_session(guest, "x")
    assert rows(guest, "SELECT FROM ai_sessions WHERE id = 'x'") == []


def test_a_locked_log_holds_nobody_up(adopted: Engine, guest: Connection) -> None:
    add_session(guest, "warms the function up")
    with adopted.connect() as other, other.begin():
        other.execute(text("LOCK TABLE escalation.audit_log IN ACCESS EXCLUSIVE MODE"))
        with at_most(MOST_SECONDS):
            add_session(guest, "x")
    assert [one["row_id"] for one in log(guest)] == ["warms the function up"]
    assert rows(guest, "SELECT id FROM ai_sessions WHERE id = 'x'") == [{"id": "x"}]


def test_a_writer_s_open_transaction_lets_the_migration_wait_and_nobody_else(abparts: Engine) -> None:
    with abparts.connect() as busy, abparts.connect() as other, busy.begin():
        add_session(busy, "still open")
        with pytest.raises(DBAPIError, match="lock timeout"):
            migrate(abparts, patience_seconds=0)
        with at_most(MOST_SECONDS), other.begin():
            add_session(other, "goes on")
    with abparts.connect() as connection:
        ours = rows(connection, "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'escalation%'")
        assert ours == []
    migrate(abparts)


def test_writers_are_hardly_held_up_while_a_migration_is_going_on(abparts: Engine) -> None:
    """Sessions are added one after the other from the start of the migration to its end."""
    slowest = 0.0
    with abparts.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        add_session(connection, "first")
        with migrating(abparts) as done:
            number = 0
            while not done():
                began = time.perf_counter()
                add_session(connection, f"meanwhile {number}")
                slowest = max(slowest, time.perf_counter() - began)
                number += 1
    assert number > 10
    # Forty milliseconds behind our lock at most, and a machine that does much else.
    assert slowest < 0.25
    with abparts.connect() as connection:
        recorded = rows(connection, "SELECT DISTINCT row_id FROM escalation.audit_log WHERE table_name = 'ai_sessions'")
        assert {row["row_id"] for row in recorded} == {row["id"] for row in contents(connection, "ai_sessions")}
