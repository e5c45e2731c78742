"""`python -m worker db …` as a person calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.processes import processes, wait_for
from tests.services.schema.accident import THE_ACCIDENT, run
from tests.services.schema.rows import contents
from worker.embedded import EmbeddedPostgres
from worker.embedded.paths import SOCKET, temporary_folder

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]


class Database:
    """A database and the command line on it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def call(self, *arguments: str, code: int = 0, url: str | None = None) -> tuple[str, str]:
        """What a command prints and what it says; its exit code must be this one."""
        environment = {**os.environ, "DATABASE_URL": url or self.url, "REDIS_URL": "redis://unused"}
        done = subprocess.run(
            [sys.executable, "-m", "worker", "db", *arguments],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout, done.stderr


@pytest.fixture
def lived_in(lived: Engine) -> Database:
    return Database(lived)


@pytest.fixture
def fresh(empty: Engine) -> Database:
    return Database(empty)


def test_a_database_is_checked_migrated_and_checked_again(fresh: Database) -> None:
    assert "schema escalation is not there" in fresh.call("check", code=1)[1]
    assert "newest shape" in fresh.call("migrate")[1]
    assert "as the worker needs it" in fresh.call("check")[1]


def test_an_older_shape_ends_the_migration_with_words_and_an_exit_code(fresh: Database) -> None:
    run(fresh.engine, "CREATE TABLE ai_sessions (session_id uuid PRIMARY KEY)")
    said = fresh.call("migrate", code=1)[1]
    assert "Nothing was written" in said
    assert "- public.ai_sessions.id is missing: the key is session_id (uuid), an older shape" in said


def test_differences_can_be_read_by_a_program(lived_in: Database) -> None:
    run(lived_in.engine, "ALTER TABLE ai_sessions ALTER language DROP NOT NULL")
    printed = json.loads(lived_in.call("check", "--json", code=1)[0])
    (found,) = [one for one in printed if one["kind"] != "note"]
    assert set(found) == {"kind", "place", "found", "needed", "remedy"}
    assert (found["kind"], found["place"]) == ("lost", "public.ai_sessions.language")


def test_a_role_is_given_its_rights(lived_in: Database) -> None:
    assert "there is no role 'nobody'" in lived_in.call("check", "--role", "nobody", code=2)[1]
    assert "GRANT SELECT ON TABLE escalation.audit_log TO nobody;" in lived_in.call("grants", "--role", "nobody")[0]
    owner = lived_in.call("grants", "--role", "nobody", "--owner")[0]
    assert "GRANT TRIGGER ON TABLE public.support_tickets TO nobody;" in owner


def test_the_accident_is_shown_first_and_undone_on_demand(lived_in: Database) -> None:
    with lived_in.engine.connect() as connection:
        before = contents(connection, "support_tickets")
    assert "Nothing was lost" in lived_in.call("rebuild")[1]
    run(lived_in.engine, THE_ACCIDENT)
    shown = lived_in.call("rebuild")[1]
    assert "Nothing was changed yet" in shown
    assert "What cannot be known" in shown
    assert "db rebuild" in lived_in.call("migrate", code=1)[1]
    assert "support_tickets: 4 rows restored" in lived_in.call("rebuild", "--apply")[1]
    with lived_in.engine.connect() as connection:
        assert contents(connection, "support_tickets") == before


def test_a_dropped_column_is_shown_first_and_filled_on_demand(lived_in: Database) -> None:
    run(lived_in.engine, "ALTER TABLE support_tickets DROP COLUMN session_summary")
    shown = lived_in.call("rebuild")[1]
    assert "lost columns" in shown
    assert "support_tickets.session_summary, dropped: 4 rows from the log" in shown
    assert "session_summary is missing" in lived_in.call("migrate", code=1)[1]
    assert "support_tickets.session_summary: 4 rows filled" in lived_in.call("rebuild", "--apply")[1]
    assert "newest shape" in lived_in.call("migrate")[1]


def test_protection_is_switched_on_and_off(lived_in: Database) -> None:
    lived_in.call("protect")
    with pytest.raises(Exception, match="other objects depend on it"):
        run(lived_in.engine, "DROP TABLE escalation_triggers")
    lived_in.call("unprotect")
    run(lived_in.engine, "DROP TABLE escalation_triggers")


def test_the_printed_sql_can_be_piped(fresh: Database) -> None:
    printed = fresh.call("sql")[0]
    assert printed.startswith("BEGIN;")
    assert printed.rstrip().endswith("COMMIT;")


def test_a_database_that_does_not_answer_is_told_in_one_line(fresh: Database) -> None:
    said = fresh.call("check", code=1, url="postgresql://nobody:secret@127.0.0.1:1/nowhere")[1]
    assert "The database refused" in said
    assert "secret" not in said
    assert "Traceback" not in said


def test_a_migration_waits_for_a_server_that_comes_up_meanwhile(
    fresh: Database, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    with temporary_folder() as sockets, processes({"REDIS_URL": "redis://unused"}, tmp_path) as family:
        family.environment["DATABASE_URL"] = f"postgresql://postgres@/{fresh.engine.url.database}?host={sockets}"
        migration = family.start("worker", "db", "migrate", "--wait", "60")
        wait_for(lambda: "Waiting for PostgreSQL, 0 of 60 s" in migration.output, "the first sign of waiting")
        assert migration.popen.poll() is None
        (sockets / SOCKET).symlink_to(postgres.socket_folder / SOCKET)
        wait_for(lambda: migration.popen.poll() is not None, "the migration's end")
        assert migration.popen.returncode == 0, migration.output
    assert "as the worker needs it" in fresh.call("check")[1]


def test_a_migration_does_not_wait_for_ever(fresh: Database) -> None:
    said = fresh.call("migrate", "--wait", "1", code=1, url="postgresql://nobody:secret@127.0.0.1:1/nowhere")[1]
    assert "Waiting for PostgreSQL, 0 of 1 s" in said
    assert "The database refused" in said
    assert "secret" not in said


def test_a_migration_does_not_wait_for_what_waiting_does_not_mend(fresh: Database) -> None:
    said = fresh.call("migrate", "--wait", "600", code=1, url=fresh.url.replace("/test_", "/nowhere_"))[1]
    assert "does not exist" in said
    assert "Waiting" not in said


def test_nothing_is_restored_where_nothing_was_ever_adopted(fresh: Database) -> None:
    assert "never migrated" in fresh.call("rebuild", code=1)[1]
