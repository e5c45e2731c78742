"""The shared tables as they are, from PostgreSQL's catalogue; reading it holds off nobody."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, text

from models.audit import ACTIONS, trigger_name
from models.metadata import SCHEMA

_TABLES = text("""
    SELECT c.relname AS name, c.relkind IN ('r', 'p') AS is_table,
           c.relrowsecurity AND NOT pg_has_role(c.relowner, 'USAGE') AS filtered
    FROM unnest(CAST(:names AS text[])) AS n (name) JOIN pg_class AS c ON c.oid = to_regclass('public.' || n.name)
""")
_COLUMNS = text("""
    SELECT c.relname AS table_name, a.attname AS name, format_type(a.atttypid, NULL) AS type,
           t.typtype = 'e' AS is_enum, a.attnotnull AS required, a.atthasdef OR a.attidentity <> '' AS filled,
           CASE WHEN a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND a.atttypmod > 4 THEN a.atttypmod - 4
           END AS length,
           (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef AS d
            WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) AS default
    FROM unnest(CAST(:names AS text[])) AS n (name) JOIN pg_class AS c ON c.oid = to_regclass('public.' || n.name)
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    ORDER BY c.relname, a.attnum
""")
_KEYS = text("""
    SELECT c.relname AS table_name, i.indisprimary AS is_primary, a.attname AS name
    FROM unnest(CAST(:names AS text[])) AS n (name) JOIN pg_class AS c ON c.oid = to_regclass('public.' || n.name)
    JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
        AND i.indpred IS NULL AND i.indnkeyatts = 1
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
""")
_REFERENCES = text("""
    SELECT DISTINCT c.relname AS table_name, a.attname AS name,
           format('%s of %s', k.conname, k.conrelid::regclass) AS key
    FROM unnest(CAST(:names AS text[])) AS n (name) JOIN pg_class AS c ON c.oid = to_regclass('public.' || n.name)
    JOIN pg_constraint AS k ON k.contype = 'f' AND c.oid IN (k.conrelid, k.confrelid)
    JOIN pg_attribute AS a ON a.attrelid = c.oid
        AND a.attnum = ANY(CASE WHEN k.conrelid = c.oid THEN k.conkey ELSE k.confkey END)
    ORDER BY key
""")
_TRIGGERS = text("""
    SELECT c.relname AS table_name, g.tgname AS name
    FROM unnest(CAST(:names AS text[])) AS n (name) JOIN pg_class AS c ON c.oid = to_regclass('public.' || n.name)
    JOIN pg_trigger AS g ON g.tgrelid = c.oid AND g.tgenabled IN ('O', 'A')
    WHERE g.tgname = ANY(CAST(:triggers AS text[]))
""")


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column as it is; `filled`: the database gives it a value when nobody does; `references`: foreign keys on it."""

    name: str
    type: str
    is_enum: bool
    required: bool
    filled: bool
    length: int | None
    references: tuple[str, ...] = ()
    default: str | None = None


@dataclass(slots=True)
class LiveTable:
    """A table as it is; `filtered`: row security keeps rows from us."""

    name: str
    is_table: bool
    filtered: bool
    columns: dict[str, LiveColumn] = field(default_factory=dict)
    primary: str | None = None
    unique: set[str] = field(default_factory=set)
    triggers: set[str] = field(default_factory=set)

    @property
    def audited(self) -> bool:
        """Are all our triggers there, and switched on?"""
        return self.triggers.issuperset(map(trigger_name, ACTIONS))


def read_tables(connection: Connection, names: Sequence[str]) -> dict[str, LiveTable]:
    """The tables of schema `public` that exist, by name; five statements."""
    given = {"names": list(names)}
    tables = {row.name: LiveTable(**row._mapping) for row in connection.execute(_TABLES, given)}
    references = defaultdict(list)
    for row in connection.execute(_REFERENCES, given):
        references[row.table_name, row.name].append(row.key)
    for row in connection.execute(_COLUMNS, given):
        facts = row.name, row.type, row.is_enum, row.required, row.filled, row.length
        tables[row.table_name].columns[row.name] = LiveColumn(
            *facts, tuple(references[row.table_name, row.name]), row.default
        )
    for row in connection.execute(_KEYS, given):
        tables[row.table_name].unique.add(row.name)
        if row.is_primary:
            tables[row.table_name].primary = row.name
    for row in connection.execute(_TRIGGERS, {**given, "triggers": list(map(trigger_name, ACTIONS))}):
        tables[row.table_name].triggers.add(row.name)
    return tables


def version(connection: Connection) -> str | None:
    """The version of our schema; None when it was never made, or made by hand without an end."""
    if connection.execute(text(f"SELECT to_regclass('{SCHEMA}.alembic_version')")).scalar() is None:
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {SCHEMA}.alembic_version")).scalar()
    return found


class DifferenceKind(StrEnum):
    """How grave a difference is."""

    SHAPE = "shape"  # the code would fail on it: nothing is migrated
    LOST = "lost"  # a column, its key, or that it is always filled: the code would fail, and a rebuild repairs it
    STATE = "state"  # something is missing that was there, or is not there yet
    RIGHTS = "rights"  # the role may not do what it has to
    NOTE = "note"  # good to know


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the code needs it: where, what is there, what is needed, and what to do."""

    kind: DifferenceKind
    place: str
    found: str
    needed: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place} {self.found}; {self.needed}. {self.remedy}"


_IS_THERE = text(f"SELECT to_regclass('{SCHEMA}.settings') IS NOT NULL")
_MAY_READ = text(f"SELECT has_table_privilege('{SCHEMA}.settings', 'SELECT')")
_REMEMBERED = text("SELECT value FROM escalation.settings WHERE key = 'shape'")


def remembered_shape(connection: Connection) -> Mapping[str, Any] | None:
    """The tables by name; None when the database was never adopted."""
    shape: Mapping[str, Any] | None = None
    if connection.execute(_IS_THERE).scalar():
        shape = connection.execute(_REMEMBERED).scalar()
    return shape


def remembered_columns(connection: Connection) -> dict[str, frozenset[str]]:
    """The names of the columns that can be made again as they were, by table."""
    # Whoever may not read it is told so by the check of the rights.
    if not connection.execute(_IS_THERE).scalar() or not connection.execute(_MAY_READ).scalar():
        return {}
    shape = remembered_shape(connection) or {}
    return {name: frozenset(column["name"] for column in table["columns"]) for name, table in shape.items()}
