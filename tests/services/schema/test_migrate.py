"""The migration takes every database on as it is, and changes nothing of ABParts'."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from models.base import OwnBase
from models.migrations import alembic_config, alone, as_sql, newest
from services.schema.introspection import DifferenceKind
from services.schema.migrate import check, migrate
from tests.services.schema.abparts_models import METADATA
from tests.services.schema.rows import contents, rows

SHARED = ("ai_sessions", "ai_messages", "troubleshooting_steps", "support_tickets", "escalation_triggers")
OTHERS = ("expert_feedback", "support_cases")
DEFINITIONS = """
    SELECT c.relname,
           jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull)) AS columns,
           (SELECT jsonb_agg(pg_get_constraintdef(k.oid) ORDER BY k.oid) FROM pg_constraint AS k
            WHERE k.conrelid = c.oid AND k.contype <> 'n') AS keys,
           (SELECT jsonb_agg(pg_get_indexdef(i.indexrelid) ORDER BY i.indexrelid) FROM pg_index AS i
            WHERE i.indrelid = c.oid) AS indexes
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY c.oid ORDER BY c.relname
"""


def grave(connection: Connection) -> list[str]:
    return [str(one) for one in check(connection) if one.kind is not DifferenceKind.NOTE]


def test_an_empty_database_gets_all_tables(empty: Engine) -> None:
    migrate(empty)
    with empty.connect() as connection:
        assert set(SHARED) <= set(inspect(connection).get_table_names("public"))
        assert grave(connection) == []


def test_migrating_again_changes_nothing(migrated: Engine) -> None:
    with migrated.connect() as connection:
        before = rows(connection, "SELECT * FROM escalation.settings WHERE key = 'adoption'")
    migrate(migrated)
    with migrated.connect() as connection:
        assert rows(connection, "SELECT * FROM escalation.settings WHERE key = 'adoption'") == before


def test_a_running_database_is_adopted_without_a_change_to_its_tables_and_rows(abparts: Engine) -> None:
    tables = [*SHARED, *OTHERS]
    with abparts.connect() as connection:
        before = rows(connection, DEFINITIONS), {name: contents(connection, name) for name in tables}
    migrate(abparts)
    with abparts.connect() as connection:
        assert (rows(connection, DEFINITIONS), {name: contents(connection, name) for name in tables}) == before
        assert grave(connection) == []


@pytest.mark.parametrize(
    "missing", [("escalation_triggers",), ("troubleshooting_steps", "ai_messages"), ("support_tickets",)]
)
def test_missing_tables_are_made_and_the_others_kept(abparts: Engine, missing: tuple[str, ...]) -> None:
    with abparts.begin() as connection:
        for name in missing:
            connection.execute(text(f"DROP TABLE {name} CASCADE"))
        sessions = contents(connection, "ai_sessions")
    migrate(abparts)
    with abparts.connect() as connection:
        assert contents(connection, "ai_sessions") == sessions
        assert [contents(connection, name) for name in missing] == [[] for _ in missing]
        assert grave(connection) == []


def test_only_audit_triggers_are_added_to_shared_tables(adopted: Engine) -> None:
    query = """
        SELECT c.relname AS name, array_agg(t.tgname ORDER BY t.tgname)::text[] AS triggers
        FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal GROUP BY c.relname"""
    with adopted.connect() as connection:
        found = {row["name"]: row["triggers"] for row in rows(connection, query)}
    expected = [f"escalation_audit_{action}" for action in ("delete", "insert", "truncate", "update")]
    assert found == dict.fromkeys(("ai_sessions", "support_tickets", "escalation_triggers"), expected)


def test_every_row_that_was_there_is_in_the_baseline(adopted: Engine) -> None:
    query = "SELECT new FROM escalation.audit_log WHERE action = 'baseline' AND table_name = :name ORDER BY row_id"
    with adopted.connect() as connection:
        for name in ("ai_sessions", "support_tickets", "escalation_triggers"):
            kept = [row["new"] for row in rows(connection, query, name=name)]
            expected = rows(connection, f"SELECT to_jsonb(t) AS row FROM public.{name} AS t ORDER BY id")
            assert kept == [row["row"] for row in expected]
            assert kept


def test_two_that_start_at_once_migrate_once(empty: Engine) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        engine = create_engine(empty.url)
        try:
            migrate(engine)
        except BaseException as error:
            failures.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with empty.connect() as connection:
        assert len(rows(connection, "SELECT * FROM escalation.settings WHERE key = 'adoption'")) == 1


def test_the_lock_is_free_after_the_migration(migrated: Engine) -> None:
    migrate(migrated)
    with migrated.connect() as connection:
        assert rows(connection, "SELECT * FROM pg_locks WHERE locktype = 'advisory'") == []


@pytest.mark.parametrize("kind", ["empty", "abparts"])
def test_the_printed_sql_does_the_same(kind: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(kind)
    run_by_hand(engine)
    with engine.connect() as connection:
        assert grave(connection) == []
        assert rows(connection, "SELECT * FROM escalation.alembic_version") == [{"version_num": newest()}]
        keys = rows(connection, "SELECT key FROM escalation.settings ORDER BY key")
        assert [row["key"] for row in keys] == ["adoption", "shape"]
    migrate(engine)


def run_by_hand(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        cursor: Any = connection.connection.cursor()
        cursor.execute(as_sql())


def test_the_printed_sql_does_what_the_migration_does(empty: Engine, migrated: Engine) -> None:
    query = """
        SELECT p.proname AS name, pg_get_functiondef(p.oid) AS definition FROM pg_proc AS p
        WHERE p.pronamespace = 'escalation'::regnamespace ORDER BY p.proname"""
    run_by_hand(empty)
    with empty.connect() as by_hand, migrated.connect() as by_program:
        assert rows(by_hand, query) == rows(by_program, query)


def test_the_quicker_audit_can_be_taken_back(migrated: Engine) -> None:
    query = "SELECT proname AS name, prosrc AS body FROM pg_proc WHERE pronamespace = 'escalation'::regnamespace"
    with migrated.connect() as connection:
        quicker = rows(connection, query)
    change_to(migrated, command.downgrade, "0011")
    with migrated.connect() as connection:
        assert not any("data_exception" in row["body"] for row in rows(connection, query) if "audit" in row["name"])
    change_to(migrated, command.upgrade, "head")
    with migrated.connect() as connection:
        assert sorted(rows(connection, query), key=str) == sorted(quicker, key=str)


def change_to(engine: Engine, change: Callable[[Config, str], None], revision: str) -> None:
    with alone(engine) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        change(config, revision)


def test_the_models_say_what_the_migrations_made(migrated: Engine) -> None:
    options = {"include_schemas": True, "include_name": only_ours, "version_table_schema": "escalation"}
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, OwnBase.metadata) == []


def only_ours(name: str | None, kind: str, parents: object) -> bool:
    return name == "escalation" if kind == "schema" else True


def test_abparts_own_migration_tool_proposes_nothing_against_us(adopted: Engine) -> None:
    with adopted.connect() as connection:
        proposals = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert proposals == []
