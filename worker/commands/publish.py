"""`python -m worker publish "…"`: one event with the settings at hand, to try things out."""

import json
import time
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import typer
from sqlalchemy import text

from config.settings import Settings, get_settings
from escalation_client.errors import PublishError
from escalation_client.events import EscalationRequested, Event, InvalidEvent, MessageAdded, SessionStarted
from rules.explanation import counted
from services.database.engine import begin
from services.events.stream import publisher_of
from worker.commands.arguments import Language, not_empty
from worker.commands.terminal import Output

app = typer.Typer(help="Publish one event, and with --follow show what comes of it.")
console = Output(soft_wrap=True, highlight=False)
_LOOK_SECONDS = 0.1
_FOLLOWED = text("""
    SELECT i.decision, i.received_at, i.evidence, t.ticket_number, t.priority, t.reasons, t.opened_at,
           (SELECT min(r.accepted_at) FROM escalation.mails AS m JOIN escalation.mail_recipients AS r USING (mail_id)
            WHERE m.ticket_id = t.ticket_id) AS accepted_at,
           (SELECT count(*) FROM escalation.mails AS m JOIN escalation.mail_recipients AS r USING (mail_id)
            WHERE m.ticket_id = t.ticket_id AND r.state = 'accepted') AS mails
    FROM escalation.event_inbox AS i LEFT JOIN escalation.tickets AS t ON t.ticket_id = i.ticket_id
    WHERE i.event_id = :event_id
""")
_REJECTED = text("SELECT reason FROM escalation.rejected_events WHERE event_id = :event_id")


@app.command()
def command(
    words: Annotated[str, typer.Argument(callback=not_empty, help="What the user says.")],
    session: Annotated[
        str | None, typer.Option(callback=not_empty, help="The session's id.", show_default="a new one")
    ] = None,
    user: Annotated[
        str | None, typer.Option(callback=not_empty, help="The user's id; begins the session in their name.")
    ] = None,
    language: Annotated[Language | None, typer.Option(help="The language of the words.")] = None,
    kind: Annotated[
        str, typer.Option("--type", help="message.added, or escalation.requested with the words as notes.")
    ] = "message.added",
    follow: Annotated[bool, typer.Option("--follow", help="Wait for the decision, the ticket and the mail.")] = False,
    seconds: Annotated[float, typer.Option(min=1, help="The longest wait of --follow.")] = 30.0,
) -> None:
    """Publish one event. It counts like a user's own: with real contacts, real people are told."""
    settings = get_settings()
    session = session or f"try-{uuid4()}"
    try:
        events = _events(words, session, user, language, kind)
        with publisher_of(settings) as publisher:
            if user:
                publisher.publish(SessionStarted(session_id=session, user_id=user, language=language))
            entry = publisher.publish(events)
    except (InvalidEvent, PublishError) as error:
        console.print(f"Nothing was published: {error}", style="red", markup=False)
        if isinstance(error, PublishError):
            console.print("What is wrong: python -m worker doctor")
        raise typer.Exit(1) from None
    console.print(f"Published {events.type} {events.id} as entry {entry} of session {session}.", markup=False)
    if follow:
        _follow(settings, events, seconds)
    else:
        console.print(f"What came of it: python -m worker explain {session}", markup=False)


def _events(words: str, session: str, user: str | None, language: str | None, kind: str) -> Event:
    match kind:
        case "message.added":
            return MessageAdded(
                session_id=session, message_id=str(uuid4()), sender="user", content=words, language=language
            )
        case "escalation.requested":
            return EscalationRequested(session_id=session, notes=words, requested_by=user)
        case _:
            raise typer.BadParameter(f"--type {kind}: should be message.added or escalation.requested")


def _follow(settings: Settings, event: Event, seconds: float) -> None:
    """Print each station as it is reached, in milliseconds since the event; end when there is nothing to wait for."""
    deadline, printed = time.monotonic() + seconds, set[str]()
    while time.monotonic() < deadline:
        with begin() as connection:
            row = connection.execute(_FOLLOWED, {"event_id": event.id}).mappings().one_or_none()
            reason = connection.execute(_REJECTED, {"event_id": event.id}).scalar()
        if reason:
            console.print(f"It was set aside: {reason}", style="red", markup=False)
            raise typer.Exit(1)
        for line in _stations(event, dict(row or {})):
            if line not in printed:
                console.print(line, markup=False)
                printed.add(line)
        if row and (row["ticket_number"] is None or row["accepted_at"] or settings.mode == "shadow"):
            return
        time.sleep(_LOOK_SECONDS)
    remedy = "the ticket's mail waits: python -m worker mail list" if printed else "does the worker run?"
    console.print(f"No more within {seconds:.0f} s; {remedy} python -m worker doctor tells.", style="yellow")
    raise typer.Exit(1)


def _stations(event: Event, row: dict[str, Any]) -> list[str]:
    lines = []
    if row:
        fired = sorted({evidence["rule"] for evidence in row["evidence"] if evidence["fired"]})
        lines.append(
            f"{_after(event, row['received_at'])} decided: {row['decision']} ({', '.join(fired) or 'no rule'})"
        )
    if row.get("ticket_number"):
        reasons = ", ".join(json.loads(json.dumps(row["reasons"])))
        lines.append(f"{_after(event, row['opened_at'])} ticket {row['ticket_number']}: {row['priority']}, {reasons}")
    if row.get("accepted_at"):
        lines.append(
            f"{_after(event, row['accepted_at'])} accepted by the mail server: {counted(row['mails'], 'mail')}"
        )
    return lines


def _after(event: Event, at: datetime) -> str:
    return f"{max(0.0, (at.astimezone(UTC) - event.occurred_at).total_seconds()) * 1000:6.0f} ms"
