"""Views on the shared tables, so that PostgreSQL itself refuses to drop a table or a column that the worker needs.

A plain DROP fails on whatever depends on it (PostgreSQL manual, "Dependency Tracking"); only CASCADE goes further.
"""

from sqlalchemy import Connection, text

from models.metadata import SCHEMA
from models.shape import TableNeed, needs

_PREFIX = "keeps_"
_WANTED = text("SELECT value ->> 'protected' = 'true' FROM escalation.settings WHERE key = 'protection'")
_WISH = text("""
    INSERT INTO escalation.settings (key, value)
    VALUES ('protection', jsonb_build_object('protected', CAST(:wanted AS boolean)))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = clock_timestamp()
""")
_VIEWS = text("""
    SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relkind = 'v' AND starts_with(c.relname, :prefix)
""")


def _kept() -> list[TableNeed]:
    return [need for need in needs().values() if need.own]


def protect(connection: Connection) -> None:
    """Make a view on each of the assistant's tables, with the columns that the worker needs; nobody may read it."""
    for need in _kept():
        columns = ", ".join(f'"{column.name}"' for column in need.columns)
        connection.execute(
            text(f"CREATE OR REPLACE VIEW {SCHEMA}.{_PREFIX}{need.name} AS SELECT {columns} FROM public.{need.name}")
        )
    connection.execute(_WISH, {"wanted": True})


def keep_protected(connection: Connection) -> None:
    """Protect tables that were made again, if they were protected before."""
    if connection.execute(_WANTED).scalar():
        protect(connection)


def unprotect(connection: Connection) -> None:
    """Take the views away, for a migration of ABParts' that changes the type of a column."""
    for need in _kept():
        connection.execute(text(f"DROP VIEW IF EXISTS {SCHEMA}.{_PREFIX}{need.name}"))
    connection.execute(_WISH, {"wanted": False})


def unprotected(connection: Connection) -> list[str]:
    """The assistant's tables that a plain DROP would take away."""
    views = set(connection.execute(_VIEWS, {"schema": SCHEMA, "prefix": _PREFIX}).scalars())
    return [need.name for need in _kept() if _PREFIX + need.name not in views]
