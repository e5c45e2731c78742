"""The script for an older shape keeps data, defaults and foreign keys, so that ABParts' own statements go on."""

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from services.schema.introspection import DifferenceKind
from services.schema.migrate import check, migrate
from services.schema.repair import repair_script
from tests.services.schema.rows import rows
from worker.commands.db import app

SESSION = "00000000-0000-0000-0000-000000000001"
OLDER = (
    "CREATE TYPE sessionstatus AS ENUM ('active', 'completed', 'escalated', 'abandoned')",
    """CREATE TABLE ai_sessions (session_id UUID PRIMARY KEY DEFAULT gen_random_uuid(), user_id UUID NOT NULL,
       machine_id UUID, status sessionstatus NOT NULL DEFAULT 'active', language VARCHAR NOT NULL DEFAULT 'en',
       created_at TIMESTAMPTZ NOT NULL DEFAULT now(), updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
       session_metadata JSON)""",
    """CREATE TABLE ai_messages (id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
       session_id UUID NOT NULL REFERENCES ai_sessions (session_id) ON DELETE CASCADE,
       sender VARCHAR NOT NULL, content TEXT NOT NULL, message_type VARCHAR NOT NULL DEFAULT 'text',
       language VARCHAR(5) NOT NULL DEFAULT 'en', created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
       message_metadata JSON)""",
    """CREATE TABLE session_outcomes (id SERIAL PRIMARY KEY,
       session_id UUID NOT NULL REFERENCES ai_sessions (session_id) DEFERRABLE INITIALLY DEFERRED)""",
    "CREATE TABLE expert_feedback (id SERIAL, message_id UUID REFERENCES ai_messages (id) ON DELETE SET NULL)",
    f"""INSERT INTO ai_sessions (session_id, user_id, created_at)
        VALUES ('{SESSION}', '{SESSION}', '2026-01-01 12:00+02')""",
    f"""INSERT INTO ai_messages (id, session_id, sender, content, created_at)
        VALUES ('{SESSION}', '{SESSION}', 'user', 'it smokes', '2026-01-01 12:00+02')""",
    f"INSERT INTO session_outcomes (session_id) VALUES ('{SESSION}')",
    f"INSERT INTO expert_feedback (message_id) VALUES ('{SESSION}')",
)
# As ABParts' own code writes: ids and times come from the database.
THEIRS = (
    f"INSERT INTO ai_sessions (user_id) VALUES ('{SESSION}')",
    f"INSERT INTO ai_messages (session_id, sender, content) VALUES ('{SESSION}', 'user', 'more')",
    f"INSERT INTO session_outcomes (session_id) VALUES ('{SESSION}')",
)
KEYS = """SELECT conname AS name, confdeltype AS deletes, condeferred AS deferred FROM pg_constraint
          WHERE contype = 'f' ORDER BY conname"""


@pytest.fixture
def older(empty: Engine) -> Engine:
    with empty.begin() as connection:
        for statement in OLDER:
            connection.execute(text(statement))
    return empty


def test_the_script_keeps_data_defaults_and_foreign_keys_and_the_database_can_be_migrated(older: Engine) -> None:
    with older.connect() as connection:
        before, script = rows(connection, KEYS), repair_script(connection)
    assert script.startswith("BEGIN;")
    with older.begin() as connection:
        for statement in script.removeprefix("BEGIN;").removesuffix("COMMIT;").split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    with older.connect() as connection:
        assert rows(connection, KEYS) == before
        assert repair_script(connection) == ""
        (kept,) = rows(connection, "SELECT id, session_id, timestamp::text AS at FROM ai_messages")
    assert kept == {"id": SESSION, "session_id": SESSION, "at": "2026-01-01 10:00:00"}
    with older.begin() as connection:
        for statement in THEIRS:
            connection.execute(text(statement))
    with older.connect() as connection:
        (new,) = rows(connection, "SELECT id, status, created_at IS NOT NULL AS dated FROM ai_sessions WHERE id <> "
                                  f"'{SESSION}'")  # fmt: skip
        late = "SELECT abs(extract(epoch FROM timestamp - created_at AT TIME ZONE 'UTC')) < 1 AS same FROM ai_messages"
        assert [row["same"] for row in rows(connection, late)] == [True, True]
    assert (len(new["id"]), new["status"], new["dated"]) == (36, "active", True)
    assert [one for one in migrate(older) if one.kind is not DifferenceKind.NOTE] == []


def test_today_s_shape_needs_no_script(abparts: Engine) -> None:
    with abparts.connect() as connection:
        assert repair_script(connection) == ""
        assert [one for one in check(connection) if one.kind is DifferenceKind.SHAPE] == []


def test_db_check_works_with_database_url_alone(abparts: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", abparts.url.render_as_string(hide_password=False))
    shown = CliRunner().invoke(app, ["check", "--sql"])
    assert (shown.exit_code, shown.stdout.strip()) == (0, "-- No table has to be changed.")
