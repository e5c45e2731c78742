"""What is protected cannot be dropped by accident."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.schema.protection import protect, unprotect, unprotected
from tests.services.schema.rows import add_session

TABLES = ["ai_sessions", "ai_messages", "troubleshooting_steps", "support_tickets", "escalation_triggers"]
REFUSED = "other objects depend on it"


@pytest.fixture
def protected(adopted: Engine) -> Engine:
    with adopted.begin() as connection:
        assert sorted(unprotected(connection)) == sorted(TABLES)
        protect(connection)
        assert unprotected(connection) == []
    return adopted


@pytest.mark.parametrize("table", ["ai_messages", "troubleshooting_steps", "support_tickets", "escalation_triggers"])
def test_postgresql_refuses_to_drop_a_table(protected: Engine, table: str) -> None:
    with protected.connect() as connection:
        connection.execute(text("DROP TABLE expert_feedback, support_cases"))
        with pytest.raises(DBAPIError, match=REFUSED):
            connection.execute(text(f"DROP TABLE {table}"))


@pytest.mark.parametrize("column", ["ai_sessions.status", "support_tickets.ticket_number"])
def test_postgresql_refuses_to_drop_a_column_that_is_needed(protected: Engine, column: str) -> None:
    table, name = column.split(".")
    with protected.connect() as connection, pytest.raises(DBAPIError, match=REFUSED):
        connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {name}"))


def test_everything_else_goes_on(protected: Engine) -> None:
    with protected.begin() as connection:
        connection.execute(text("ALTER TABLE ai_sessions ADD COLUMN tenant text"))
        connection.execute(text("ALTER TABLE ai_sessions DROP COLUMN tenant"))
        connection.execute(text("CREATE INDEX ON ai_sessions (created_at)"))
        add_session(connection, "x")


def test_the_type_of_a_column_can_only_be_changed_without_protection(protected: Engine) -> None:
    change = text("ALTER TABLE ai_sessions ALTER COLUMN language TYPE varchar(10)")
    with protected.connect() as connection, pytest.raises(DBAPIError, match="used by a view"):
        connection.execute(change)
    with protected.begin() as connection:
        unprotect(connection)
        connection.execute(change)
        assert sorted(unprotected(connection)) == sorted(TABLES)


def test_protecting_twice_is_the_same(protected: Engine) -> None:
    with protected.begin() as connection:
        protect(connection)
        assert unprotected(connection) == []
