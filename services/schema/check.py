"""Compares the shared tables as they are with what the code needs, in words that say what to do."""

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import Connection, text

from models.audit import AUDITED
from models.shape import TableNeed, needs
from services.schema.column_check import REBUILD, column_differences
from services.schema.introspection import (
    Difference,
    DifferenceKind,
    LiveTable,
    read_tables,
    remembered_columns,
    version,
)


def compare(connection: Connection) -> list[Difference]:
    """Every difference between the database and what the code needs, the assistant's tables first; reads only."""
    wanted = needs()
    tables = read_tables(connection, list(wanted))
    here = version(connection)
    known = remembered_columns(connection) if here else {}
    found = [
        difference
        for need in wanted.values()
        for difference in _table_differences(need, tables.get(need.name), here, known.get(need.name, ()))
    ]
    return [*_encoding_differences(connection), *found, *_version_differences(here), *_audit_differences(tables, here)]


_ENCODING = text("SELECT current_setting('server_encoding') AS encoding, quote_ident(current_database()) AS name")


def _encoding_differences(connection: Connection) -> Iterator[Difference]:
    """LATIN1 cannot hold what users write in Greek or Arabic; SQL_ASCII takes any bytes and vouches for none."""
    found = connection.execute(_ENCODING).one()
    if found.encoding != "UTF8":
        remedy = (
            f"pg_dump it, CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and restore the dump into that one "
            f'(PostgreSQL manual, "Character Set Support"); the encoding of {found.name} cannot be changed in place.'
        )
        yield Difference(
            DifferenceKind.SHAPE,
            f"database {found.name}",
            f"has encoding {found.encoding}",
            "it should be UTF8",
            remedy,
        )


def _table_differences(
    need: TableNeed, table: LiveTable | None, here: str | None, remembered: Collection[str]
) -> Iterator[Difference]:
    if table is None:
        yield _missing_table(need, here)
        return
    place = f"public.{need.name}"
    if not table.is_table:
        yield Difference(
            DifferenceKind.SHAPE, place, "is not a table", "the worker needs a table", "Rename what is there."
        )
    for column in need.columns:
        yield from column_differences(need, column, table, column.name in remembered)
    yield from _key_differences(need, table, remembered)
    if need.inserted:
        yield from _unknown_columns(need, table)
    if table.filtered:
        remedy = f"ALTER ROLE … BYPASSRLS, or a policy on {place} that shows the worker's role every row."
        yield Difference(
            DifferenceKind.RIGHTS, place, "hides rows by row security", "the worker needs to see all", remedy
        )


def _missing_table(need: TableNeed, here: str | None) -> Difference:
    place = f"public.{need.name}"
    if not need.own:
        return Difference(
            DifferenceKind.NOTE, place, "is missing", "tickets tell what it holds", "They will say it is unknown."
        )
    if here is None:
        return Difference(DifferenceKind.NOTE, place, "is missing", "the worker needs it", "`db migrate` creates it.")
    return Difference(
        DifferenceKind.STATE, place, "is missing", "it was there before", "`db rebuild` shows what can be restored."
    )


def _key_differences(need: TableNeed, table: LiveTable, remembered: Collection[str]) -> Iterator[Difference]:
    if not need.own:
        return
    if "id" in table.columns and table.primary != "id":
        remedy = f"ALTER TABLE public.{need.name} ADD PRIMARY KEY (id);"
        yield Difference(
            DifferenceKind.SHAPE, f"public.{need.name}.id", "is not the primary key", "it should be", remedy
        )
    for name in need.unique:
        if name in table.columns and name not in table.unique:
            kind, remedy = DifferenceKind.SHAPE, f"ALTER TABLE public.{need.name} ADD UNIQUE ({name});"
            if name in remembered:
                kind, remedy = DifferenceKind.LOST, REBUILD
            place = f"public.{need.name}.{name}"
            yield Difference(kind, place, "may hold a value twice", "it should be unique", remedy)


def _unknown_columns(need: TableNeed, table: LiveTable) -> Iterator[Difference]:
    """A column that must be filled and that the worker does not know makes every one of its inserts fail."""
    known = {column.name for column in need.columns}
    for live in table.columns.values():
        # In the older shape it is the key under its former name, which is reported already.
        if live.name not in known and live.required and not live.filled and live.name != table.primary:
            yield Difference(
                DifferenceKind.SHAPE,
                f"public.{need.name}.{live.name}",
                "must be filled and has no default",
                "the worker does not know it",
                f"ALTER TABLE public.{need.name} ALTER COLUMN {live.name} DROP NOT NULL; or give it a default.",
            )


def _version_differences(here: str | None) -> Iterator[Difference]:
    # Not before it is asked for: Alembic would cost each child of a worker ten megabytes.
    from models.migrations import newest

    if here is None:
        remedy = (
            "If it was there before, restore the backup first (docs/operate.md), since `db migrate` "
            "begins anew; where it never was, `db migrate` creates it."
        )
        yield Difference(
            DifferenceKind.STATE, "schema escalation", "is not there", "the worker keeps its tables in it", remedy
        )
    elif here != newest():
        remedy = "`db migrate` with this program; a program that is older than its database must be replaced."
        found = f"has version {here}"
        yield Difference(DifferenceKind.STATE, "schema escalation", found, f"this program needs {newest()}", remedy)


def _audit_differences(tables: Mapping[str, LiveTable], here: str | None) -> Iterator[Difference]:
    for name in AUDITED:
        if here and name in tables and not tables[name].audited:
            remedy = "`db rebuild` shows what happened and repairs it."
            yield Difference(
                DifferenceKind.STATE, f"public.{name}", "is not audited", "its changes should be on record", remedy
            )
