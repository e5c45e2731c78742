"""`python -m worker shadow report`: what the worker would have done beside what ABParts did itself."""

import json
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from rules.explanation import counted
from services.database.engine import begin
from services.history.shadow_report import ShadowReport, compare
from services.installation import adopted_at, get_installation
from worker.commands.arguments import past
from worker.commands.terminal import Output, quoted, uncut_table

app = typer.Typer(no_args_is_help=True, help="Compare with what ABParts did itself (MODE=shadow).")
console = Output()

WORDS = {
    "both": "Both escalate",
    "only_worker": "Only the worker would escalate",
    "only_abparts": "Only ABParts escalated; the worker saw the events and would not",
    "unseen": "Only ABParts escalated; no event of the session arrived, so something is not published yet",
    "neither": "Neither",
}


@app.callback()
def group() -> None:
    """Compare with what ABParts did itself (MODE=shadow)."""


@app.command()
def report(
    since: Annotated[
        datetime | None,
        typer.Option(callback=past, help="UTC, such as 2026-11-23T21:30:00; since the adoption unless given."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many different sessions to list.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Count where both agree, and list the sessions where they do not; `explain SESSION` says why."""
    with begin() as connection:
        begun = since or adopted_at(connection)
        found = compare(connection, begun, get_installation().policy)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
        return
    show(found, limit)


def show(found: ShadowReport, limit: int) -> None:
    console.print(f"{counted(len(found.sessions), 'session')} since {found.since:%Y-%m-%d %H:%M:%S} UTC")
    counts = uncut_table("", "sessions")
    for kind, words in WORDS.items():
        counts.add_row(words, str(found.counts[kind]))
    console.print(counts)
    if found.reasons:
        reasons = uncut_table("reason of the worker (gravest)", "sessions")
        for reason, number in found.reasons.most_common():
            reasons.add_row(reason, str(number))
        console.print(reasons)
    if found.different:
        console.print(f"The first {min(limit, len(found.different))} of {len(found.different)} to look at:")
        console.print(different_table(found, limit))


def different_table(found: ShadowReport, limit: int) -> Table:
    table = uncut_table("session", "what", "the worker's reasons", "ABParts' reason", "ABParts' ticket")
    for session in found.different[:limit]:
        what = "another reason" if session.differs else WORDS[session.kind].partition(";")[0]
        cells = (
            session.session_id,
            what,
            ", ".join(session.reasons),
            session.their_reason or "",
            "yes" if session.ticket_by_them else "no",
        )
        table.add_row(*map(quoted, cells))
    return table
