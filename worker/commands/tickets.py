"""`python -m worker tickets …`: what people do with tickets, for everybody who is at a terminal."""

import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from rules.reasons import REASON_WORDS
from rules.ticket_states import STATUSES, UNFINISHED, TakenAlready, TicketRefused, UnknownExpert
from services.database.engine import begin
from services.installation import get_installation
from services.tickets import actions as ticket_actions
from services.tickets.one_action import Done
from services.tickets.queries import TicketNotFound, list_tickets, show_ticket
from services.tickets.validation import UnfitText
from worker.commands.terminal import Output, quoted, uncut_table

app = typer.Typer(no_args_is_help=True, help="List tickets, take them, work on them. Each change is audited.")
console = Output()
errors = Output(stderr=True)

Ticket = Annotated[str, typer.Argument(help="The ticket's number, such as AB-20261123-0001, or its id.")]
Who = Annotated[str, typer.Option(help="Who does it.", default_factory=getpass.getuser, show_default="login name")]
Note = Annotated[str, typer.Argument(help="Some words, up to 4,000 characters.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON.")]


@app.command("list")
def list_command(
    status: Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(STATUSES)}.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Tickets that are not finished, the most urgent first."""
    if unknown := sorted(set(status or ()) - set(STATUSES)):
        raise typer.BadParameter(f"--status {', '.join(map(repr, unknown))}: should be one of {', '.join(STATUSES)}")
    with begin() as connection:
        tickets = list_tickets(connection, status or UNFINISHED, limit)
    if as_json:
        for ticket in tickets:
            typer.echo(json.dumps(ticket, default=str, ensure_ascii=False))
        return
    console.print(table_of(tickets) if tickets else "No ticket is like that.")


def table_of(tickets: list[dict[str, Any]]) -> Table:
    table = uncut_table("number", "priority", "status", "opened (UTC)", "reason", "taken by", whole=("number",))
    for ticket in tickets:
        cells = (ticket["ticket_number"], ticket["priority"], ticket["status"], f"{ticket['opened_at']:%Y-%m-%d %H:%M}",
                 ticket["reason"], ticket["assigned"] or ticket["acknowledged_by"] or "")  # fmt: skip
        table.add_row(*map(quoted, cells))
    return table


@app.command()
def show(ticket: Ticket, as_json: AsJson = False) -> None:
    """All about one ticket: reasons, what people did, who was reminded."""
    with ended_by_errors(), begin() as connection:
        shown = show_ticket(connection, ticket)
    if as_json:
        typer.echo(json.dumps(shown, default=str, ensure_ascii=False))
        return
    tables = {"People": shown.pop("actions"), "Reminders": shown.pop("chased")}
    reasons = shown.pop("reasons")
    if people := contact_rows(shown["contact"]):
        tables, shown["contact"] = {"Whom to contact": people, **tables}, None
    facts = Table.grid(Column(no_wrap=True, style="bold"), Column(overflow="fold"), padding=(0, 2))
    for name, value in shown.items():
        if value not in (None, ""):
            facts.add_row(name.replace("_", " "), quoted(in_words(value)))
    console.print(facts)
    for heading, rows in {"Reasons": [reason_row(*item) for item in reasons.items()], **tables}.items():
        if rows:
            console.print(table_of_rows(heading, rows))


def contact_rows(contact: Any) -> list[dict[str, Any]]:
    """How to reach the contacts, the recommended one first; nothing where another writer has kept something else."""
    if not isinstance(contact, dict):
        return []
    people = [contact.get("primary_contact"), *(contact.get("alternative_contacts") or [])]
    return [
        {name: person.get(name) for name in ("name", "phone", "email", "hours")}
        for person in people
        if isinstance(person, dict)
    ]


def reason_row(reason: str, evidence: dict[str, Any]) -> dict[str, Any]:
    """What a person needs of the evidence; `--json` has all of it."""
    return {
        "since": str(evidence.get("at", ""))[:19].replace("T", " "),
        "reason": REASON_WORDS.get(reason, reason),
        "because of": evidence.get("phrase") or evidence.get("observed"),
        "limit": evidence.get("limit"),
    }


def table_of_rows(heading: str, rows: list[dict[str, Any]]) -> Table:
    table = uncut_table(*(name.replace("_", " ") for name in rows[0]))
    table.title, table.title_justify = heading, "left"
    for row in rows:
        table.add_row(*(quoted(in_words(value)) for value in row.values()))
    return table


def in_words(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case dict():
            return ", ".join(f"{name.replace('_', ' ')} {in_words(item)}" for name, item in value.items())
        case list():
            return ", ".join(map(in_words, value))
        case _:
            return str(value)


@app.command()
def acknowledge(ticket: Ticket, who: Who) -> None:
    """Take the ticket: nobody else is asked any more."""
    act(ticket_actions.acknowledge, ticket, who)


@app.command()
def assign(
    ticket: Ticket,
    expert: Annotated[str, typer.Argument(help="The id of an ABParts user, as in its table users.")],
    who: Who,
) -> None:
    """Give the ticket to an expert."""
    act(ticket_actions.assign, ticket, expert, who)


@app.command()
def note(ticket: Ticket, words: Note, who: Who) -> None:
    """Keep a note with the ticket."""
    act(ticket_actions.note, ticket, words, who)


@app.command()
def priority(
    ticket: Ticket, priority: Annotated[str, typer.Argument(help="low, medium, high or urgent")], who: Who
) -> None:
    """Set the priority; a higher one begins the ladder anew."""
    act(ticket_actions.prioritise, ticket, priority, who)


@app.command()
def resolve(ticket: Ticket, words: Note, who: Who) -> None:
    """Say what helped."""
    act(ticket_actions.resolve, ticket, words, who)


@app.command()
def close(ticket: Ticket, who: Who) -> None:
    """Close a ticket that is resolved."""
    act(ticket_actions.close, ticket, who)


@app.command()
def reopen(ticket: Ticket, who: Who) -> None:
    """Begin again: nobody has the ticket, and its ladder starts anew."""
    act(ticket_actions.reopen, ticket, who)


@contextmanager
def ended_by_errors() -> Iterator[None]:
    """End the command with what is wrong, in words."""
    try:
        yield
    except (TicketRefused, TicketNotFound, UnfitText) as error:
        errors.print(f"{error}{about(error)}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None


def about(error: Exception) -> str:
    """Who or what it was; the error's own text, which others log, names nobody."""
    match error:
        case TakenAlready(holder=str(holder)):
            return f" (by {holder})"
        case UnknownExpert(expert=expert):
            return f" (given was {expert!r})"
        case _:
            return ""


def act(action: Callable[..., Done], *arguments: str) -> None:
    if get_installation().settings.mode == "shadow":
        errors.print("MODE=shadow: nothing is written to ABParts' tables; set MODE=active first", style="red")
        raise typer.Exit(1)
    with ended_by_errors(), begin() as connection:
        done = action(connection, *arguments)
    if not done.checked:
        errors.print("ABParts' users cannot be read by this role, so nobody knows whether the id is one of theirs.")
    console.print(f"{done.number} is {done.status}{'' if done.changed else ' already; nothing was changed'}.")
