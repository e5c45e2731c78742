"""The migration that keeps erased people out of the audit log, on a database that is in use."""

from alembic import command
from sqlalchemy import Connection, Engine, text

from models.migrations import alembic_config, alone, newest, upgrade
from services.schema.introspection import version
from tests.services.schema.rows import log, rows

ERASE = "INSERT INTO escalation.erased_sessions (session_id) VALUES ('s1')"


def upgrade_to(engine: Engine, revision: str) -> None:
    with alone(engine) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_it_waits_for_nobody_and_what_happens_meanwhile_is_on_record(abparts: Engine) -> None:
    upgrade_to(abparts, "0006")
    with abparts.begin() as busy:
        busy.execute(text("UPDATE support_tickets SET priority = 'high' WHERE id = 't1'"))
        upgrade(abparts)
        busy.execute(text("UPDATE support_tickets SET priority = 'low' WHERE id = 't1'"))
    with abparts.connect() as connection:
        assert version(connection) == newest()
        assert [one["new"]["priority"] for one in log(connection)] == ["high", "low"]


def test_of_an_erased_session_facts_alone_are_kept(guest: Connection) -> None:
    guest.execute(text(ERASE))
    guest.execute(
        text("UPDATE support_tickets SET session_summary = 'words', status = 'closed' WHERE id IN ('t1', 't3')")
    )
    guest.execute(text("UPDATE support_tickets SET session_summary = 'other words' WHERE id = 't1'"))
    guest.execute(text("DELETE FROM escalation_triggers WHERE id = 'g1'"))
    first, second, third = log(guest)
    assert (first["old"]["status"], first["new"]["status"]) == ("open", "closed")
    assert set(first["new"]) == {"id", "session_id", "ticket_number", "status", "priority", "created_at"}
    assert second["new"]["session_summary"] == "words"
    assert set(third["old"]) == {"id", "session_id", "trigger_type"}


def test_json_that_jsonb_cannot_hold_is_not_kept_as_text(guest: Connection) -> None:
    guest.execute(text(ERASE))
    for table in ("ai_sessions SET session_metadata", "support_tickets SET machine_context"):
        half = r"""{"session_id":"s3", "text": "words \ud83d"}"""
        guest.execute(text(f"UPDATE {table} = CAST(:half AS json)"), {"half": half})
    with_words = rows(guest, "SELECT row_id FROM escalation.audit_log WHERE new #>> '{}' LIKE '%words%'")
    kept = {row["row_id"] for row in with_words}
    assert {"s2", "t3"} <= kept
    assert kept.isdisjoint({"s1", "t1"})


def test_without_the_table_abparts_goes_on(guest: Connection) -> None:
    guest.execute(text("DROP TABLE escalation.erased_sessions"))
    guest.execute(text("UPDATE support_tickets SET status = 'closed' WHERE id = 't1'"))
    assert rows(guest, "SELECT status FROM support_tickets WHERE id = 't1'") == [{"status": "closed"}]
