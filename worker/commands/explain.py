"""`python -m worker explain SESSION`: every event, rule, value, limit, ticket and attempt of a session."""

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from services.database.engine import begin
from services.history.session_history import explain
from services.tickets.queries import TicketNotFound, find_ticket
from worker.commands.explain_format import SECTIONS, Line
from worker.commands.terminal import Output, quoted

app = typer.Typer(help="Show every event, rule, value, limit, ticket and attempt of a session.")
console = Output()
_NUMBER = "AB-"


@app.command()
def command(
    session: Annotated[str, typer.Argument(help="The session's id, or a ticket's number.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Why a session did or did not escalate, and all that followed."""
    with begin() as connection:
        if session.upper().startswith(_NUMBER):
            try:
                session = find_ticket(connection, session)[1]
            except TicketNotFound as error:
                console.print(str(error), style="red", markup=False)
                raise typer.Exit(1) from None
        told = explain(connection, session)
    if as_json:
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
    elif told["known"]:
        show(told)
    else:
        console.print(f"No event of session {session!r} has arrived.", markup=False)
        console.print(
            "Was it set aside: python -m worker rejected list; does the worker read at all: python -m worker doctor"
        )
    if not told["known"]:
        raise typer.Exit(1)


def show(told: Mapping[str, Any]) -> None:
    console.print(f"[bold]Session {quoted(told['session_id'])}[/bold] ({told['status'] or 'not begun'})")
    console.print(quoted(told["why"]), highlight=False)
    if told["events_total"] > len(told["events"]):
        console.print(f"Only the newest {len(told['events'])} of {told['events_total']} events are shown.")
    for name, (title, lines) in SECTIONS.items():
        if told[name]:
            console.print(f"[bold]{title}[/bold]")
            console.print(section(lines(told[name])))
    console.print("Times are UTC; --json tells every detail.")


def section(lines: Iterable[Line]) -> Table:
    """Times on the left; what is too long goes on below its beginning."""
    table = Table.grid(Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2), pad_edge=True)
    for when, words in lines:
        table.add_row(when, quoted(words))
    return table
