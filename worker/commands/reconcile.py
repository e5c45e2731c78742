"""`python -m worker reconcile`: find what fell through, and repair it."""

from datetime import datetime
from typing import Annotated

import typer

from services.database.engine import engine
from services.escalation.reconcile import ReconcileReport, reconcile
from services.installation import get_installation, note_mode
from worker.commands.arguments import past
from worker.commands.terminal import Output, uncut_table

app = typer.Typer(help="Find what fell through between ABParts, the inbox, the tickets and the mails, and repair it.")
console = Output()

ADVICE = {
    "undecided_events": "the log names the events that cannot be read",
    "escalated_sessions": "the log names the sessions",
    "lone_triggers": "the log names the sessions",
    "unmailed_tickets": "their mails were refused: correct SUPPORT_EMAIL or the routes in the contacts",
    "lost_tickets": "their rows are gone though nobody deleted them: python -m worker db rebuild",
}


@app.command()
def command(
    since: Annotated[
        datetime | None,
        typer.Option(callback=past, help="Also what is older than the switch-on; UTC, such as 2026-11-23T21:30:00."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be repaired, and change nothing.")] = False,
) -> None:
    """Repair at most 500 of each kind; the worker does the same every five minutes."""
    if get_installation().settings.mode == "shadow":
        console.print("Nothing is looked for in shadow mode: the worker opens no tickets, so all would be missing.")
        return
    report = run(since, dry_run)
    show(report, dry_run)
    if report.left:
        raise typer.Exit(1)


def run(since: datetime | None, dry_run: bool) -> ReconcileReport:
    with engine().connect() as connection:
        note_mode(connection, get_installation().settings.mode)
        report = reconcile(connection, get_installation(), since)
        if dry_run:
            connection.rollback()
        else:
            connection.commit()
    return report


def show(report: ReconcileReport, dry_run: bool) -> None:
    if report.clean:
        console.print("All is clean.")
        return
    table = uncut_table("kind", "found", "would be repaired" if dry_run else "repaired", "left")
    for kind, tally in report.tallies().items():
        table.add_row(kind.replace("_", " "), str(tally.found), str(tally.repaired), str(tally.left))
    console.print(table)
    for kind in report.left:
        console.print(f"{kind.replace('_', ' ')}: {ADVICE[kind]}")
