"""`check` says in words what is not as the worker needs it."""

import pytest
from sqlalchemy import Engine, text

from services.schema.introspection import Difference, DifferenceKind
from services.schema.migrate import check, migrate
from tests.services.schema.rows import rows


def differences(engine: Engine) -> list[Difference]:
    with engine.connect() as connection:
        return [one for one in check(connection) if one.kind is not DifferenceKind.NOTE]


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "place", "words"),
    [
        ("ALTER TABLE ai_sessions RENAME language TO lang", "public.ai_sessions.language", "is missing"),
        ("ALTER TABLE ai_sessions ALTER language DROP NOT NULL", "public.ai_sessions.language", "may be null"),
        ("ALTER TABLE ai_sessions ALTER machine_id TYPE uuid USING NULL", "public.ai_sessions.machine_id", "is uuid"),
        ("ALTER TABLE support_tickets DROP CONSTRAINT support_tickets_ticket_number_key",
         "public.support_tickets.ticket_number", "may hold a value twice"),
        ("ALTER TABLE escalation_triggers DROP CONSTRAINT escalation_triggers_pkey",
         "public.escalation_triggers.id", "is not the primary key"),
        ("ALTER TABLE support_tickets ADD COLUMN tenant int NOT NULL", "public.support_tickets.tenant", "no default"),
        ("DROP TABLE troubleshooting_steps", "public.troubleshooting_steps", "is missing"),
        ("DROP TABLE support_tickets; CREATE VIEW support_tickets AS SELECT 1 AS id", "public.support_tickets",
         "is not a table"),
        ("ALTER TABLE ai_sessions DISABLE TRIGGER escalation_audit_update", "public.ai_sessions", "is not audited"),
        ("UPDATE escalation.alembic_version SET version_num = '0001'", "schema escalation", "has version 0001"),
    ],
)  # fmt: skip
def test_each_difference_is_named(migrated: Engine, statement: str, place: str, words: str) -> None:
    assert differences(migrated) == []
    change(migrated, statement)
    (found, *_) = differences(migrated)
    assert (found.place, words in found.found) == (place, True)
    assert found.remedy


def test_columns_that_the_worker_need_not_fill_are_abparts_own_affair(migrated: Engine) -> None:
    change(migrated, "ALTER TABLE support_tickets ADD COLUMN tenant int NOT NULL DEFAULT 1, ADD COLUMN colour text")
    assert differences(migrated) == []


def test_abparts_other_tables_are_only_worth_a_note(migrated: Engine) -> None:
    with migrated.connect() as connection:
        notes = {one.place for one in check(connection) if one.kind is DifferenceKind.NOTE}
    assert notes == {
        f"public.{name}" for name in ("organizations", "users", "machines", "machine_hours", "machine_maintenance")
    }


def test_keys_of_users_that_cannot_be_looked_up_are_told(migrated: Engine) -> None:
    change(migrated, "CREATE TABLE users (id varchar PRIMARY KEY, name varchar)")
    (found,) = differences(migrated)
    assert str(found).startswith("public.users.id is character varying; it should be uuid.")


def test_rows_hidden_by_row_security_are_told(migrated: Engine) -> None:
    change(migrated, "CREATE ROLE landlord; ALTER TABLE ai_sessions OWNER TO landlord")
    change(migrated, "ALTER TABLE ai_sessions ENABLE ROW LEVEL SECURITY")
    with migrated.begin() as connection:
        connection.execute(text("CREATE ROLE lodger; GRANT SELECT ON escalation.alembic_version TO lodger"))
        connection.execute(text("GRANT USAGE ON SCHEMA escalation TO lodger; SET LOCAL ROLE lodger"))
        places = [one.place for one in check(connection) if "row security" in one.found]
        connection.execute(text("RESET ROLE; DROP OWNED BY lodger; DROP ROLE lodger"))
        connection.execute(text("REASSIGN OWNED BY landlord TO CURRENT_USER; DROP ROLE landlord"))
    assert places == ["public.ai_sessions"]


def test_a_database_that_was_never_migrated_is_described_and_left_alone(empty: Engine) -> None:
    with empty.connect() as connection:
        found = check(connection)
        assert {one.place for one in found if one.kind is DifferenceKind.STATE} == {"schema escalation"}
        assert [one for one in found if one.kind is DifferenceKind.SHAPE] == []
        assert rows(connection, "SELECT FROM pg_namespace WHERE nspname = 'escalation'") == []
    migrate(empty)
