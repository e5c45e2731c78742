"""One script, in one transaction, that brings an older shape to what the code needs: with its defaults, keys and data.

Reads only; a person looks at the script and runs it (`db check --sql`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from models.shape import ColumnNeed, TableNeed, needs
from services.schema.introspection import LiveColumn, LiveTable, read_tables

_Place = tuple[str, str]

_DEFAULTS = text("""
    SELECT c.relname AS table_name, a.attname AS name, format_type(a.atttypid, NULL) AS type,
           pg_get_expr(d.adbin, d.adrelid) AS default
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
""")
_FOREIGN_KEYS = text("""
    SELECT k.conname AS name, child.relname AS child, parent.relname AS parent,
           pg_get_constraintdef(k.oid) AS definition,
           ARRAY(SELECT CAST(a.attname AS text) FROM unnest(k.conkey) WITH ORDINALITY AS n (number, place)
                 JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = n.number ORDER BY place) AS columns,
           ARRAY(SELECT CAST(a.attname AS text) FROM unnest(k.confkey) WITH ORDINALITY AS n (number, place)
                 JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = n.number ORDER BY place) AS referred
    FROM pg_constraint AS k JOIN pg_class AS child ON child.oid = k.conrelid
    JOIN pg_class AS parent ON parent.oid = k.confrelid
    WHERE k.contype = 'f' AND child.relnamespace = 'public'::regnamespace
      AND parent.relnamespace = 'public'::regnamespace
    ORDER BY child.relname, k.conname
""")
# Where an older shape keeps under another name what the code reads.
_FORMER_NAMES = {("ai_messages", "timestamp"): "created_at"}
_AFTER_COLUMNS = re.compile(r"REFERENCES [^(]+\([^)]*\)(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _ForeignKey:
    """A foreign key between two tables of schema `public`."""

    name: str
    child: str
    parent: str
    definition: str
    columns: list[str]
    referred: list[str]

    @property
    def pairs(self) -> list[tuple[_Place, _Place]]:
        pairs = zip(self.columns, self.referred, strict=True)
        return [((self.child, column), (self.parent, referred)) for column, referred in pairs]


class _Repair:
    """What has to change, gathered before any statement is written."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.wanted = {name: need for name, need in needs().items() if need.own}
        self.tables = read_tables(connection, list(self.wanted))
        facts = list(connection.execute(_DEFAULTS))
        self.types: dict[_Place, str] = {(row.table_name, row.name): row.type for row in facts}
        self.defaults: dict[_Place, str | None] = {(row.table_name, row.name): row.default for row in facts}
        self.keys = [_ForeignKey(**row) for row in connection.execute(_FOREIGN_KEYS).mappings()]
        self.renamed: dict[_Place, str] = {}
        self.retyped: dict[_Place, str] = {}
        for name, table in self.tables.items():
            self.compare(self.wanted[name], table)
        self.follow_keys()

    def compare(self, need: TableNeed, table: LiveTable) -> None:
        for column in need.columns:
            live = table.columns.get(column.name)
            if live is None and column.name == "id" and table.primary:
                live = table.columns[table.primary]
                self.renamed[need.name, live.name] = "id"
            if live and not _fits(column, live):
                self.retyped[need.name, live.name] = column.types[0]

    def follow_keys(self) -> None:
        """Both sides of a foreign key need one type, also in tables that the worker does not know."""
        changed = True
        while changed:
            changed = False
            for side, other in [pair for key in self.keys for sides in key.pairs for pair in (sides, sides[::-1])]:
                wanted = self.retyped.get(side)
                if wanted and other not in self.retyped and self.types[other] != wanted:
                    self.retyped[other] = wanted
                    changed = True

    def statements(self) -> Iterator[str]:
        keys = [key for key in self.keys if any(place in self.retyped for pair in key.pairs for place in pair)]
        for key in keys:
            yield f'ALTER TABLE public."{key.child}" DROP CONSTRAINT "{key.name}"'
        for (table, column), wanted in self.retyped.items():
            yield from self.retype(table, column, wanted)
        for (table, column), name in self.renamed.items():
            yield f'ALTER TABLE public."{table}" RENAME COLUMN "{column}" TO "{name}"'
        for live in self.tables.values():
            yield from self.complete(self.wanted[live.name], live)
        for key in keys:
            yield self.restore(key)

    def retype(self, table: str, column: str, wanted: str) -> Iterator[str]:
        place, default = f'ALTER TABLE public."{table}" ALTER COLUMN "{column}"', self.defaults[table, column]
        if default:
            yield f"{place} DROP DEFAULT"
        yield f"{place} TYPE {wanted} USING {self.converted(table, column, wanted)}"
        if default:
            yield f"{place} SET DEFAULT {_convert(f'({default})', self.types[table, column], wanted)}"

    def converted(self, table: str, column: str, wanted: str) -> str:
        return _convert(f'"{column}"', self.types[table, column], wanted)

    def complete(self, need: TableNeed, table: LiveTable) -> Iterator[str]:
        """Columns that are missing, and what may be null, is unique, or is the key."""
        alter = f'ALTER TABLE public."{need.name}"'
        names = {self.renamed.get((need.name, name), name): live for name, live in table.columns.items()}
        for column in need.columns:
            live = names.get(column.name)
            if live is None:
                yield from self.add(need, column)
            elif column.required and not live.required:
                yield from self.fill(need.name, column.name, live.name)
            elif need.inserted and not column.required and live.required and not live.filled:
                yield f'{alter} ALTER COLUMN "{column.name}" DROP NOT NULL'
        known = {column.name for column in need.columns}
        for name, live in names.items():
            if need.inserted and name not in known and live.required and not live.filled:
                yield f'{alter} ALTER COLUMN "{name}" DROP NOT NULL'
        if table.primary is None:
            yield f"{alter} ADD PRIMARY KEY (id)"
        for name in need.unique:
            if name in names and name not in table.unique:
                yield f'{alter} ADD UNIQUE ("{name}")'

    def add(self, need: TableNeed, column: ColumnNeed) -> Iterator[str]:
        """Add a column, filled from its former name and with that one's default, so that ABParts' INSERTs go on."""
        alter, wanted = f'ALTER TABLE public."{need.name}"', column.types[0]
        yield f'{alter} ADD COLUMN "{column.name}" {wanted}'
        source = _FORMER_NAMES.get((need.name, column.name), "")
        if (need.name, source) not in self.types:
            return
        yield (
            f'UPDATE public."{need.name}" SET "{column.name}" = {self.converted(need.name, source, wanted)} '
            f'WHERE "{column.name}" IS NULL'
        )
        if default := self.defaults[need.name, source]:
            new = _convert(f"({default})", self.types[need.name, source], wanted)
            yield f'{alter} ALTER COLUMN "{column.name}" SET DEFAULT {new}'
            if column.required:
                yield f'{alter} ALTER COLUMN "{column.name}" SET NOT NULL'

    def fill(self, table: str, column: str, live: str) -> Iterator[str]:
        alter = f'ALTER TABLE public."{table}" ALTER COLUMN "{column}" SET NOT NULL'
        empty = f'SELECT count(*) FROM public."{table}" WHERE "{live}" IS NULL'
        if count := self.connection.execute(text(empty)).scalar_one():
            yield f"-- {count} rows have no value: fill them, and then {alter}"
        else:
            yield alter

    def restore(self, key: _ForeignKey) -> str:
        rest = _AFTER_COLUMNS.search(key.definition)
        columns, referred = (
            ", ".join(f'"{self.renamed.get((table, name), name)}"' for name in names)
            for table, names in ((key.child, key.columns), (key.parent, key.referred))
        )
        return (
            f'ALTER TABLE public."{key.child}" ADD CONSTRAINT "{key.name}" FOREIGN KEY ({columns}) '
            f'REFERENCES public."{key.parent}" ({referred}){rest[1] if rest else ""}'
        )


def _fits(column: ColumnNeed, live: LiveColumn) -> bool:
    right_type = live.type in column.types or (column.enum and live.is_enum)
    return right_type and (live.length is None or (column.length is not None and live.length >= column.length))


def _convert(expression: str, type: str, wanted: str) -> str:
    if "time zone" in wanted and "time zone" in type and wanted != type:
        return f"{expression} AT TIME ZONE 'UTC'"
    return f"{expression}::{wanted}"


def repair_script(connection: Connection) -> str:
    """The whole script; an empty one when no table has to be changed.

    `lock_timeout` keeps it from holding up ABParts: where a table is in use it ends with an error and changed nothing.
    """
    statements = list(_Repair(connection).statements())
    if not statements:
        return ""
    lines = [statement if statement.startswith("--") else f"{statement};" for statement in statements]
    return "\n".join(["BEGIN;", "SET LOCAL lock_timeout = '5s';", *lines, "COMMIT;"])
