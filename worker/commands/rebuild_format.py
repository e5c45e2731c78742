"""What a rebuild would do, did, and cannot know, in words for the terminal."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from rules.explanation import counted
from services.schema.rebuild import ColumnPlan, Fate, Plan, RebuildReport, TablePlan

COLUMNS = ("what happened", "rows from the log", "from own tables", "stay deleted")


def tell_plan(console: Console, plan: Plan) -> None:
    """The plan as a table, then foreign keys, then what nobody can know."""
    table = Table(box=SIMPLE)
    table.add_column("table", no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, overflow="fold")
    for table_plan in plan.tables:
        counts = (table_plan.from_log, table_plan.from_own, table_plan.deleted)
        table.add_row(
            table_plan.state.name, happened(table_plan, plan), *(str(count) if count else "" for count in counts)
        )
    console.print(table)
    tell_list(
        console, "Columns that are made what they were:", [column_words(column_plan) for column_plan in plan.columns]
    )
    tell_list(console, "Foreign keys that are made again:", plan.references)
    tell_list(console, "What cannot be known:", plan.unknown)


def happened(table: TablePlan, plan: Plan) -> str:
    columns = any(column_plan.column.table == table.state.name for column_plan in plan.columns)
    fate = Fate.WHOLE if table.nothing_to_do else table.state.fate
    if not columns:
        return fate.value
    return "lost columns" if fate is Fate.WHOLE else f"{fate.value}, lost columns"


def column_words(column_plan: ColumnPlan) -> str:
    """What became of a column, and how many of its rows can be filled from where."""
    became = "not what it was" if column_plan.column.exists else "dropped"
    log, own = counted(column_plan.from_log, "row"), column_plan.from_own
    return f"{column_plan.column}, {became}: {log} from the log, {own} from own tables"


def tell_report(console: Console, report: RebuildReport) -> None:
    """What was written, and what somebody else has to do."""
    for name, count in report.written.items():
        console.print(f"{name}: {counted(count, 'row')} restored")
    for name, count in report.filled.items():
        console.print(f"{name}: {counted(count, 'row')} filled")
    left_out = [f"{name}: {counted(count, 'row')}" for name, count in report.left_out.items()]
    tell_list(console, "Left out, since their session is gone or their number or id is taken by now:", left_out)
    refused = [f"{statement};\n  {reason}" for statement, reason in report.refused]
    tell_list(console, "Refused by PostgreSQL; for somebody who may, or once the reason is gone:", refused)


def tell_list(console: Console, heading: str, lines: tuple[str, ...] | list[str]) -> None:
    if lines:
        console.print(heading)
    for line in lines:
        console.print(f"- {line}", markup=False)
