"""A database in an older shape is told of, column by column, before anything is written."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from services.schema.introspection import DifferenceKind
from services.schema.migrate import NotAdoptable, check, migrate
from tests.services.schema.rows import rows

OLDER = (
    "CREATE TYPE sessionstatus AS ENUM ('active', 'completed', 'escalated', 'abandoned')",
    "CREATE TYPE messagesender AS ENUM ('user', 'assistant', 'system')",
    "CREATE TYPE messagetype AS ENUM ('text', 'voice', 'image', 'diagnostic_step', 'escalation')",
    """CREATE TABLE ai_sessions (session_id UUID PRIMARY KEY, user_id VARCHAR NOT NULL, machine_id VARCHAR,
       status sessionstatus NOT NULL DEFAULT 'active', language VARCHAR NOT NULL, created_at TIMESTAMPTZ NOT NULL,
       updated_at TIMESTAMP NOT NULL, session_metadata JSON)""",
    """CREATE TABLE ai_messages (id VARCHAR PRIMARY KEY, session_id UUID NOT NULL REFERENCES ai_sessions (session_id),
       sender messagesender NOT NULL, content TEXT NOT NULL, message_type messagetype NOT NULL,
       language VARCHAR(5) NOT NULL, timestamp TIMESTAMP NOT NULL, message_metadata JSON)""",
    """CREATE TABLE support_tickets (id VARCHAR PRIMARY KEY,
       session_id UUID NOT NULL REFERENCES ai_sessions (session_id), ticket_number VARCHAR(12) NOT NULL,
       priority VARCHAR NOT NULL, status VARCHAR NOT NULL, escalation_reason VARCHAR NOT NULL, session_summary TEXT,
       machine_context JSON, expert_contact_info JSON NOT NULL, resolution_notes TEXT, assigned_expert_id VARCHAR,
       created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, tenant VARCHAR NOT NULL)""",
    "CREATE TABLE expert_feedback (id VARCHAR, session_id UUID REFERENCES ai_sessions (session_id))",
    """INSERT INTO ai_sessions VALUES ('00000000-0000-0000-0000-000000000001', 'u', NULL, 'active', 'en',
       '2026-01-01 12:00+02', '2026-01-01', NULL)""",
    "INSERT INTO expert_feedback VALUES ('f', '00000000-0000-0000-0000-000000000001')",
)
EXPECTED = {
    "public.ai_sessions.id": "is missing: the key is session_id (uuid), an older shape",
    "public.ai_sessions.status": "is the enum sessionstatus",
    "public.ai_sessions.created_at": "is timestamp with time zone",
    "public.ai_messages.session_id": "is uuid",
    "public.ai_messages.sender": "is the enum messagesender",
    "public.ai_messages.message_type": "is the enum messagetype",
    "public.support_tickets.session_id": "is uuid",
    "public.support_tickets.ticket_number": "holds 12 characters|may hold a value twice",
    "public.support_tickets.session_summary": "may be null",
    "public.support_tickets.expert_contact_info": "must not be null",
    "public.support_tickets.resolved_at": "is missing",
    "public.support_tickets.tenant": "must be filled and has no default",
}


@pytest.fixture
def older(empty: Engine) -> Engine:
    with empty.begin() as connection:
        for statement in OLDER:
            connection.execute(text(statement))
    return empty


def test_every_table_and_column_that_differs_is_named_with_what_is_there_and_what_to_do(older: Engine) -> None:
    with pytest.raises(NotAdoptable) as caught:
        migrate(older)
    found: dict[str, list[str]] = {}
    for one in caught.value.differences:
        found.setdefault(one.place, []).append(one.found)
        assert one.needed
        assert "ALTER TABLE" in one.remedy
    assert {place: "|".join(words) for place, words in found.items()} == EXPECTED


def test_foreign_keys_in_the_way_of_a_new_type_are_named(older: Engine) -> None:
    with older.connect() as connection:
        (key,) = [one for one in check(connection) if one.place == "public.ai_sessions.id"]
    assert "ai_messages_session_id_fkey of ai_messages" in key.remedy
    assert "expert_feedback_session_id_fkey of expert_feedback" in key.remedy


def test_nothing_is_written_before_the_report(older: Engine) -> None:
    with pytest.raises(NotAdoptable):
        migrate(older)
    with older.connect() as connection:
        assert "escalation" not in inspect(connection).get_schema_names()
        assert set(inspect(connection).get_table_names()) == {
            "ai_sessions", "ai_messages", "support_tickets", "expert_feedback",
        }  # fmt: skip


def test_who_does_what_the_report_says_can_migrate(older: Engine) -> None:
    with older.begin() as connection:
        references = rows(connection, "SELECT conrelid::regclass::text AS t, conname AS k FROM pg_constraint "
                                      "WHERE contype = 'f'")  # fmt: skip
        for one in references:
            connection.execute(text(f"ALTER TABLE {one['t']} DROP CONSTRAINT {one['k']}"))
        for statement in remedies(connection):
            connection.execute(text(statement))
        connection.execute(text("ALTER TABLE expert_feedback ALTER COLUMN session_id TYPE VARCHAR"))
        for one in references:
            connection.execute(text(f"ALTER TABLE {one['t']} ADD FOREIGN KEY (session_id) REFERENCES ai_sessions (id)"))
    assert [one for one in migrate(older) if one.kind is not DifferenceKind.NOTE] == []
    with older.connect() as connection:
        (session,) = rows(connection, "SELECT id, status, created_at::text AS at FROM ai_sessions")
    assert session == {
        "id": "00000000-0000-0000-0000-000000000001", "status": "active", "at": "2026-01-01 10:00:00",
    }  # fmt: skip


def remedies(connection: Connection) -> Iterator[str]:
    for one in check(connection):
        yield from re.findall(r"ALTER TABLE [^;]+", one.remedy)


def test_json_of_the_other_kind_and_bounded_words_are_good_enough(abparts: Engine) -> None:
    with abparts.begin() as connection:
        connection.execute(text("ALTER TABLE support_tickets ALTER machine_context TYPE jsonb"))
        connection.execute(text("ALTER TABLE ai_sessions ALTER status TYPE varchar(20)"))
    assert [one for one in migrate(abparts) if one.kind is not DifferenceKind.NOTE] == []
