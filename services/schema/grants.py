"""The least rights: what the owner's role (migrates) and the application's role (works) need, and what they lack."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from sqlalchemy import Connection, text

from models.audit import AUDITED
from models.forgetting import FORGET_FUNCTION
from models.metadata import SCHEMA
from models.own_tables import own_tables
from models.shape import TableNeed, needs
from services.schema.introspection import Difference, DifferenceKind

Purpose = Literal["owner", "application"]
_GRANT = "GRANT {} ON {} {} TO {};"
_READ_ONLY = frozenset({"audit_log", "erased_sessions"})

_HOLDS = text("""
    SELECT CASE :kind
        WHEN 'DATABASE' THEN has_database_privilege(:role, current_database(), :privilege)
        WHEN 'FUNCTION' THEN to_regprocedure(:name) IS NULL OR has_function_privilege(:role, :name, :privilege)
        WHEN 'SCHEMA' THEN to_regnamespace(:name) IS NULL OR has_schema_privilege(:role, :name, :privilege)
        ELSE to_regclass(:name) IS NULL OR CASE
            WHEN :columns = '' THEN has_table_privilege(:role, :name, :privilege)
            ELSE NOT EXISTS (
                SELECT FROM pg_attribute AS a
                WHERE a.attrelid = to_regclass(:name) AND a.attname = ANY(string_to_array(:columns, ', '))
                  AND NOT has_column_privilege(:role, a.attrelid, a.attnum, :privilege)) END
    END
""")
_KNOWN = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
_NAMES = text("SELECT quote_ident(current_database()) AS database, quote_ident(:role) AS role, current_user AS me")
_SCHEMA_IS_THERE = text("SELECT to_regnamespace(:name) IS NOT NULL")
_MISSING = text("""
    SELECT count(*) FROM unnest(CAST(:names AS text[])) AS n (name) WHERE to_regclass('public.' || n.name) IS NULL
""")
_COLUMNS = text("""
    SELECT CAST(attname AS text) FROM pg_attribute
    WHERE attrelid = to_regclass('public.' || :name) AND attnum > 0 AND NOT attisdropped
""")
_READABLE = text("""
    SELECT n.name FROM unnest(CAST(:names AS text[])) AS n (name) WHERE to_regclass('public.' || n.name) IS NOT NULL
""")


@dataclass(frozen=True, slots=True)
class _Right:
    """One privilege on one thing; with `columns`, on these alone."""

    privilege: str
    kind: Literal["DATABASE", "FUNCTION", "SCHEMA", "TABLE"]
    name: str
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.privilege} ({', '.join(self.columns)})" if self.columns else self.privilege


class UnknownRole(Exception):
    """There is no role of this name in the database."""


def _list_rights(connection: Connection, purpose: Purpose) -> list[_Right]:
    """What a role needs for its purpose in this database as it is now."""
    return list(_owner_rights(connection) if purpose == "owner" else _application_rights(connection))


def _application_rights(connection: Connection) -> Iterator[_Right]:
    yield _Right("USAGE", "SCHEMA", "public")
    yield _Right("USAGE", "SCHEMA", SCHEMA)
    for need in _existing(connection):
        yield from _shared_rights(need, _existing_columns(connection, need))
    for name in [*own_tables(), "alembic_version"]:
        # The log is written by the triggers with their owner's rights: for the application it is append-only.
        read_only = name in {*_READ_ONLY, "alembic_version"}
        for privilege in ("SELECT",) if read_only else ("SELECT", "INSERT", "UPDATE", "DELETE"):
            yield _Right(privilege, "TABLE", f"{SCHEMA}.{name}")
    yield _Right("EXECUTE", "FUNCTION", FORGET_FUNCTION)


def _existing(connection: Connection) -> list[TableNeed]:
    wanted = needs()
    there = set(connection.execute(_READABLE, {"names": list(wanted)}).scalars())
    return [need for need in wanted.values() if need.own or need.name in there]


def _existing_columns(connection: Connection, need: TableNeed) -> tuple[str, ...]:
    """Of ABParts' own tables only what a ticket tells: whoever holds this right reads no password's hash."""
    if need.own:
        return ()
    there = set(connection.execute(_COLUMNS, {"name": need.name}).scalars())
    return tuple(column.name for column in need.columns if column.name in there)


def _shared_rights(need: TableNeed, readable: tuple[str, ...]) -> Iterator[_Right]:
    if need.own or readable:
        yield _Right("SELECT", "TABLE", f"public.{need.name}", readable)
    if need.inserted:
        yield _Right("INSERT", "TABLE", f"public.{need.name}")
    if need.updated:
        yield _Right("UPDATE", "TABLE", f"public.{need.name}", need.updated)


def _owner_rights(connection: Connection) -> Iterator[_Right]:
    """What is needed to migrate; a schema and tables that are there need not be created."""
    if connection.execute(_SCHEMA_IS_THERE, {"name": SCHEMA}).scalar_one():
        yield _Right("CREATE", "SCHEMA", SCHEMA)
    else:
        yield _Right("CREATE", "DATABASE", connection.execute(_NAMES, {"role": ""}).one().database)
    yield _Right("USAGE", "SCHEMA", "public")
    shared = [need.name for need in needs().values() if need.own]
    if connection.execute(_MISSING, {"names": shared}).scalar_one():
        yield _Right("CREATE", "SCHEMA", "public")
        yield _Right("REFERENCES", "TABLE", "public.ai_sessions")
    for name in shared:
        yield _Right("SELECT", "TABLE", f"public.{name}")
    for name in AUDITED:
        yield _Right("TRIGGER", "TABLE", f"public.{name}")
    # `privacy erase-user` clears what the worker wrote there.
    yield _Right("UPDATE", "TABLE", "public.support_tickets", ("session_summary", "resolution_notes"))


def grants(connection: Connection, role: str, purpose: Purpose) -> list[str]:
    """The statements that give a role what it needs, for a superuser or the tables' owners to run."""
    quoted = connection.execute(_NAMES, {"role": role}).one().role
    together = groupby(_list_rights(connection, purpose), key=lambda right: (right.kind, right.name))
    return [_GRANT.format(", ".join(map(str, group)), *on, quoted) for on, group in together]


def missing_rights(connection: Connection, purpose: Purpose, role: str | None = None) -> list[Difference]:
    """What a role (by default the one that is connected) may not do although it has to.

    :raises UnknownRole: there is no such role
    """
    role = role or str(connection.execute(_NAMES, {"role": ""}).one().me)
    if not connection.execute(_KNOWN, {"role": role}).scalar_one():
        raise UnknownRole(f"there is no role {role!r} in this database; CREATE ROLE makes one")
    quoted = connection.execute(_NAMES, {"role": role}).one().role
    return [
        _make_difference(role, quoted, right)
        for right in _list_rights(connection, purpose)
        if not _holds(connection, role, right)
    ]


def _holds(connection: Connection, role: str, right: _Right) -> bool:
    given = {"kind": right.kind, "name": right.name, "privilege": right.privilege, "columns": ", ".join(right.columns)}
    return bool(connection.execute(_HOLDS, {"role": role, **given}).scalar_one())


def _make_difference(role: str, quoted: str, right: _Right) -> Difference:
    return Difference(
        DifferenceKind.RIGHTS,
        f"{right.kind.lower()} {right.name}",
        f"does not allow role {role} {right}",
        "the worker needs it",
        _GRANT.format(right, right.kind, right.name, quoted),
    )
