"""`python -m worker explain SESSION`: every event, rule, value, limit, ticket and attempt of a session."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from services.database import begin
from services.explain import explain
from worker.commands.harmless import quoted
from worker.commands.terminal import Output, uncut_table

app = typer.Typer(help="Show every event, rule, value, limit, ticket and attempt of a session.")
console = Output()

# Members of the evidence that have columns of their own.
PLAIN = ("rule", "fired", "observed", "limit")


@app.command()
def command(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Why a session did or did not escalate, and all that followed."""
    with begin() as connection:
        told = explain(connection, session)
    if as_json:
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
    elif told["known"]:
        show(told)
    else:
        console.print(f"No event of session {session!r} has arrived.", markup=False)
    if not told["known"]:
        raise typer.Exit(1)


def show(told: Mapping[str, Any]) -> None:
    console.print(f"[bold]Session {quoted(told['session_id'])}[/bold] ({told['status'] or 'not begun'})")
    console.print(quoted(told["why"]), highlight=False)
    if told["events_total"] > len(told["events"]):
        console.print(f"The newest {len(told['events'])} of {told['events_total']} events:")
    console.print(events_table(told["events"]))
    for name, title in (
        ("tickets", "Tickets"),
        ("attempts", "Mails and attempts"),
        ("people", "After the ticket"),
        ("outcomes", "Told to the assistant"),
        ("set_aside", "Events set aside"),
    ):
        if told[name]:
            console.print(f"[bold]{title}[/bold]")
            for line in lines(told[name]):
                console.print(quoted(line), highlight=False)


def events_table(events: Iterable[Mapping[str, Any]]) -> Table:
    """A line for each rule that an event was shown to; events that no rule looks at have one as well."""
    table = uncut_table(
        "occurred (UTC)", "event", "rule", "fired", "value", "limit", "evidence", "ticket", whole=("ticket",)
    )
    for event in events:
        for evidence in event["evidence"] or [{}]:
            cells = (
                shown(event["occurred_at"]), event["type"], evidence.get("rule"), evidence.get("fired"),
                evidence.get("observed"), evidence.get("limit"), details(evidence), event["ticket_number"],
            )  # fmt: skip
            table.add_row(*(quoted(shown(cell)) for cell in cells))
    return table


def details(evidence: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={shown(value)}" for name, value in evidence.items() if name not in PLAIN and value)


def lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield "  " + " · ".join(f"{name}={shown(value)}" for name, value in row.items() if value not in (None, "", []))


def shown(value: Any) -> str:
    """A value as it stands in a terminal."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case dict() | list():
            return json.dumps(value, default=str, ensure_ascii=False)
        case _:
            return str(value)
