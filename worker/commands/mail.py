"""`python -m worker mail …`: what became of mails, another try, and whether mail works at all."""

import json
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from config.settings import get_settings
from rules.explanation import counted
from services.database.engine import begin
from services.delivery.circuit_breaker import CLOSED, TRIAL, take_probe
from services.outbox.queries import MailNotFound, cancel, find_mail, held_queue, list_mails, retry, show_mail
from services.tickets.queries import find_ticket_id
from services.transports.factory import account_of, make_transport
from tasks.delivery.probe import probe
from tasks.hints import hint
from worker.commands.arguments import MOST_HOURS, not_empty
from worker.commands.mail_preview import preview
from worker.commands.send_test_mail import explained, send_test
from worker.commands.terminal import Output, harmless, quoted, uncut_table

app = typer.Typer(no_args_is_help=True, help="Mails: list, look at, send again, cancel, preview; test the account.")
console = Output(soft_wrap=True, highlight=False)
State = StrEnum(
    "State", ["queued", "sending", "accepted", "deferred", "held", "refused", "unknown", "cancelled"]
)  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]
MailId = Annotated[str | None, typer.Argument(callback=not_empty, help="The mail's id, or how it begins.")]
OfState = Annotated[
    State | None, typer.Option("--state", help="Only in this state; held: single mails that wait for a person.")
]
OfTicket = Annotated[
    str | None,
    typer.Option("--ticket", callback=not_empty, help="Only mails of this ticket (AB-20261124-0001)."),
]
OlderHours = Annotated[
    float | None, typer.Option("--older-hours", min=0, max=MOST_HOURS, help="Only mails queued longer ago.")
]

AFTER_PROBE = {
    CLOSED: "The account works; held mail goes out now, the gravest first.",
    TRIAL: "One mail tries now; when the server takes it, the others follow.",
}

app.command()(preview)
app.command("test")(send_test)


@app.command("list")
def list_command(
    state: OfState = None,
    ticket: OfTicket = None,
    older_hours: OlderHours = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """A line for each recipient, the newest first, with what the server said last."""
    with begin() as connection:
        rows = list_mails(connection, state=state, ticket=ticket, older_hours=older_hours, limit=limit)
        held = held_queue(connection, account_of(get_settings()).key)
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, default=str, ensure_ascii=False))
        return
    table = uncut_table(
        "mail", "queued (UTC)", "ticket", "template", "to", "state", "tries", "last reply", whole=("mail", "ticket")
    )
    for row in rows:
        table.add_row(str(row["mail_id"])[:8], f"{row['queued_at']:%Y-%m-%d %H:%M:%S}", row["ticket_number"] or "-",
                      row["template"], quoted(row["address"]), row["state"], str(row["attempts"]),
                      quoted(row["reply"] or "-"))  # fmt: skip
    console.print(table if rows else "No mail fits.")
    if held and held["waiting"]:
        console.print(told_held(held), style="yellow", markup=False)


def told_held(held: dict[str, Any]) -> str:
    """The account holds the queue as a whole: nothing is wrong with these mails, so none is in the state `held`."""
    cause, waiting = harmless(f"{held['phase']}: {held['reply']}"), counted(held["waiting"], "mail waits", "mails wait")
    return (
        f"Mail is held: {waiting} for the mail account, in the states queued, deferred and unknown, "
        f"since it failed at {cause}. Nothing is lost. python -m worker doctor says what to fix; "
        "then python -m worker mail probe."
    )


@app.command()
def show(
    mail_id: Annotated[str, typer.Argument(callback=not_empty, help="The mail's id, or how it begins.")],
    as_json: AsJson = False,
) -> None:
    """One mail and every attempt: when, how far it got, what the server said."""
    with begin() as connection:
        mail = show_mail(connection, looked_up(mail_id))
    if as_json:
        typer.echo(json.dumps(mail, default=str, ensure_ascii=False))
        return
    attempts = mail.pop("attempts")
    for name, value in mail.items():
        console.print(f"{name}: {harmless(str(value)) if value is not None else '-'}", markup=False)
    table = uncut_table("to", "state", "try", "began (UTC)", "how far", "reply")
    for row in attempts:
        began = f"{row['started_at']:%Y-%m-%d %H:%M:%S}" if row["started_at"] else "-"
        cells = (row["address"], row["state"], str(row["number"] or "-"), began, row["phase"] or "-", reply(row))
        table.add_row(*map(quoted, cells))
    console.print(table)


def reply(row: dict[str, Any]) -> str:
    words = [str(row[name]) for name in ("code", "reply") if row[name]]
    return f"{row['reply_class'] or ''} {' '.join(words)}".strip() or "-"


@app.command("retry")
def retry_command(
    mail_id: MailId = None, state: OfState = None, ticket: OfTicket = None, older_hours: OlderHours = None
) -> None:
    """Make mails due now that were not accepted: one by its id, or all of a state, a ticket or an age."""
    mails = chosen(mail_id, state, ticket, older_hours)
    with begin() as connection:
        count = retry(connection, mails)
    hint("deliver_urgent")
    hint("deliver_due")
    console.print(f"{counted(count, 'recipient is', 'recipients are')} due now.")


@app.command("cancel")
def cancel_command(
    mail_id: MailId = None, state: OfState = None, ticket: OfTicket = None, older_hours: OlderHours = None
) -> None:
    """Do not send what was not accepted yet: one mail by its id, or all of a state, a ticket or an age."""
    mails = chosen(mail_id, state, ticket, older_hours)
    with begin() as connection:
        count = cancel(connection, mails)
    console.print(
        f"{counted(count, 'recipient')} will not get it."
        if count
        else "Nothing was changed: nobody waits for it any more. It was accepted, refused or cancelled, or is going."
    )


@app.command("probe")
def probe_command() -> None:
    """Log in now, without sending anything, and let the held mail go when that works; exit code 1 when it does not."""
    settings = get_settings()
    transport = make_transport(settings)
    with begin() as connection:
        failed_phase = take_probe(connection, transport.account.key, settings.mail_times, now=True)
    probed = probe(transport, failed_phase or "auth", settings.mail_times, by_hand=True)
    if probed.answer and probed.reply_class:
        console.print(explained(transport.account, probed.answer, probed.reply_class), style="red", markup=False)
        raise typer.Exit(1)
    hint("deliver_urgent")
    hint("deliver_due")
    console.print("Logged in. " + AFTER_PROBE[probed.state or CLOSED])
    if probed.requeued:
        console.print(f"{counted(probed.requeued, 'recipient')} that had been refused meanwhile: queued again.")


def chosen(mail_id: str | None, state: State | None, ticket: str | None, older_hours: float | None) -> list[UUID]:
    """The mails that a command is about.

    :raises typer.BadParameter: nothing was named, which would mean all; both were, or a ticket that is none of ours
    """
    by_kind = not (state is None and ticket is None and older_hours is None)
    if by_kind == bool(mail_id):
        raise typer.BadParameter("either name a mail by its id, or choose by --state, --ticket or --older-hours")
    if mail_id:
        return [looked_up(mail_id)]
    with begin() as connection:
        if ticket and not find_ticket_id(connection, ticket):
            raise typer.BadParameter(f"--ticket {ticket!r} is no ticket of ours: see python -m worker tickets list")
        rows = list_mails(connection, state=state, ticket=ticket, older_hours=older_hours, limit=10_000)
    return list({row["mail_id"] for row in rows})


def looked_up(mail_id: str) -> UUID:
    try:
        with begin() as connection:
            return find_mail(connection, mail_id)
    except MailNotFound as error:
        console.print(f"{error}: see python -m worker mail list", style="red", markup=False)
        raise typer.Exit(1) from None
