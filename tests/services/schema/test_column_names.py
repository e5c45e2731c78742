"""ABParts' tables may have further columns, whatever these are called."""

import pytest
from sqlalchemy import Connection, Engine, text

from models.audit import AUDITED
from services.database.engine import engine
from services.installation import Installation
from services.schema.migrate import migrate
from services.schema.rebuild import rebuild
from tasks.evaluation.batch import write
from tests.events import message
from tests.services.schema.rows import rows
from tests.tasks.conftest import entries, installation, publish, redis
from tests.tasks.evaluation.batches import Entries

__all__ = ["entries", "installation", "publish", "redis"]

# What our own statements and functions call their variables and rows.
NAMES = ("anybody", "tg_table_name", "content", "whole", "new", "old", "n", "o", "t", "p")


def widen(connection: Connection) -> None:
    columns = ", ".join(f'ADD COLUMN "{name}" text' for name in NAMES)
    for table in AUDITED:
        connection.execute(text(f"ALTER TABLE public.{table} {columns}"))


def actions(connection: Connection) -> list[str]:
    return [row["action"] for row in rows(connection, "SELECT action FROM escalation.audit_log ORDER BY audit_id")]


@pytest.fixture
def wide(abparts: Engine) -> Engine:
    """A database with such columns that is adopted."""
    with abparts.begin() as connection:
        widen(connection)
    migrate(abparts)
    with abparts.begin() as connection:
        connection.execute(text("DELETE FROM escalation.audit_log WHERE action = 'baseline'"))
    return abparts


def test_what_abparts_changes_in_such_a_table_is_recorded(wide: Engine) -> None:
    with wide.begin() as connection:
        connection.execute(text("UPDATE support_tickets SET anybody = 'x', t = 'y' WHERE id = 't1'"))
        connection.execute(text("DELETE FROM escalation_triggers WHERE id = 'g1'"))
        assert actions(connection) == ["update", "delete"]


def test_such_a_table_is_repaired(wide: Engine) -> None:
    with wide.begin() as connection:
        connection.execute(text("DROP TRIGGER escalation_audit_update ON public.support_tickets"))
        connection.execute(text("UPDATE support_tickets SET priority = 'low', whole = 'x' WHERE id = 't1'"))
        rebuild(connection)
        (recorded,) = rows(
            connection,
            "SELECT new ->> 'whole' AS kept FROM escalation.audit_log WHERE row_id = 't1' AND actor = 'rebuild'",
        )
        assert recorded["kept"] == "x"


def test_a_ticket_opens_in_such_tables(installation: Installation, entries: Entries) -> None:
    with engine().begin() as connection:
        widen(connection)
    write(entries([message("s", "there is smoke from the cabinet")]), installation)
    with engine().begin() as connection:
        assert rows(connection, "SELECT session_id FROM public.support_tickets") == [{"session_id": "s"}]
        assert actions(connection) == ["insert"] * 3
