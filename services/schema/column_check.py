"""Compares a column as it is with what the code needs."""

from collections.abc import Iterator

from models.shape import ColumnNeed, TableNeed
from services.schema.introspection import Difference, DifferenceKind, LiveColumn, LiveTable

# Whoever adds it by hand gets it without its key, its index and what was in it.
REBUILD = "`db rebuild` makes it what it was, fills it from what is on record, and names what it cannot fill."


def column_differences(need: TableNeed, column: ColumnNeed, table: LiveTable, remembered: bool) -> Iterator[Difference]:
    """:param remembered: what the column was is known, so that a rebuild can make it again"""
    live = table.columns.get(column.name)
    place = f"public.{need.name}.{column.name}"
    if live is None:
        yield _missing_column(need, column, table, remembered)
        return
    if live.type not in column.types and not (column.enum and live.is_enum):
        yield Difference(
            DifferenceKind.SHAPE, place, f"is {_describe(live)}", _wanted_types(column), _retype(need, column, live)
        )
    elif live.length is not None and (column.length is None or live.length < column.length):
        most = "texts of any length" if column.length is None else f"at least {column.length} characters"
        remedy = f"ALTER TABLE public.{need.name} ALTER COLUMN {column.name} TYPE {column.types[0]};"
        yield Difference(
            DifferenceKind.SHAPE, place, f"holds {live.length} characters", f"it should hold {most}", remedy
        )
    yield from _nullability(need, column, live, remembered)


def _missing_column(need: TableNeed, column: ColumnNeed, table: LiveTable, remembered: bool) -> Difference:
    place, statement = f"public.{need.name}.{column.name}", f"ALTER TABLE public.{need.name}"
    if not need.own:
        return Difference(
            DifferenceKind.NOTE, place, "is missing", "tickets tell what it holds", "They will say it is unknown."
        )
    wanted = f"{_wanted_types(column)}{', not null' if column.required else ''}"
    if remembered and column.name != "id":
        return Difference(DifferenceKind.LOST, place, "is missing", wanted, REBUILD)
    if column.name == "id" and table.primary:
        found = f"is missing: the key is {table.primary} ({_describe(table.columns[table.primary])}), an older shape"
        remedy = (
            f"{statement} RENAME COLUMN {table.primary} TO id; {_retype(need, column, table.columns[table.primary])}"
        )
    else:
        found, remedy = "is missing", f"{statement} ADD COLUMN {column.name} {column.types[0]};"
    return Difference(DifferenceKind.SHAPE, place, found, wanted, remedy)


def _describe(live: LiveColumn) -> str:
    return f"the enum {live.type}" if live.is_enum else live.type


def _wanted_types(column: ColumnNeed) -> str:
    return f"it should be {' or '.join(column.types[:2])}"


def _retype(need: TableNeed, column: ColumnNeed, live: LiveColumn) -> str:
    statement = f"ALTER TABLE public.{need.name} ALTER COLUMN {column.name}"
    default = f"{statement} DROP DEFAULT; " if live.default else ""
    change = f"{statement} TYPE {column.types[0]} USING {_converted(column, live)};"
    if live.default:
        change += f" {statement} SET DEFAULT ({live.default})::{column.types[0]};"
    if not live.references:
        return default + change
    keys = ", ".join(live.references)
    return (
        f"{default}{change} it is held by {keys}: `db check --sql` prints one script that keeps them and the defaults."
    )


def _converted(column: ColumnNeed, live: LiveColumn) -> str:
    if "time zone" in column.types[0] and "time zone" in live.type:
        return f"{column.name} AT TIME ZONE 'UTC'"
    return f"{column.name}::{column.types[0]}"


def _nullability(need: TableNeed, column: ColumnNeed, live: LiveColumn, remembered: bool) -> Iterator[Difference]:
    place = f"public.{need.name}.{column.name}"
    statement = f"ALTER TABLE public.{need.name} ALTER COLUMN {column.name}"
    if column.required and not live.required:
        remedy = REBUILD if remembered else f"Fill it where it is null, then {statement} SET NOT NULL;"
        yield Difference(
            DifferenceKind.LOST if remembered else DifferenceKind.SHAPE,
            place,
            "may be null",
            "it should always have a value",
            remedy,
        )
    if need.inserted and not column.required and live.required and not live.filled:
        yield Difference(
            DifferenceKind.SHAPE,
            place,
            "must not be null",
            "the worker may leave it empty",
            f"{statement} DROP NOT NULL;",
        )
