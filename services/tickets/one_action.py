"""One action of a person: hold the ticket, change ABParts' row, keep who did what, let the change be noticed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, func, text, update

from models.shared import SupportTicket
from rules.ticket_states import following
from services.database.encoding import json_text
from services.tickets.detect_changes import notice
from services.tickets.queries import LockedTicket, lock_ticket
from services.tickets.validation import checked_name

UTC_NOW = func.timezone("UTC", func.now())
_ACTOR = text("SELECT set_config('escalation.actor', :actor, true)")
_RECORD = text("""
    INSERT INTO escalation.ticket_actions (action_id, ticket_id, action, actor, details)
    VALUES (:action_id, :ticket_id, :action, :actor, CAST(:details AS jsonb)) ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Done:
    """How the ticket stands now, and whether this changed it: doing it again changes nothing.

    `checked`: False when an expert's id was taken as it was given, since ABParts' users could not be read.
    """

    number: str
    status: str
    changed: bool
    checked: bool = True


def begin(connection: Connection, action: str, reference: str, who: str) -> tuple[LockedTicket, str]:
    """Hold the ticket, sign the transaction for the audit log, and say which status follows."""
    connection.execute(_ACTOR, {"actor": checked_name(who)})
    ticket = lock_ticket(connection, reference)
    return ticket, following(action, ticket.number, ticket.status)


def unchanged(ticket: LockedTicket) -> Done:
    return Done(ticket.number, ticket.status, False)


def change(connection: Connection, ticket: LockedTicket, action: str, who: str, values: Mapping[str, Any]) -> Done:
    write(connection, ticket, values)
    details = {name: value for name, value in values.items() if isinstance(value, str)}
    record(connection, ticket, action, who, details, uuid4())
    notice(connection, [ticket.ticket_id])
    return Done(ticket.number, values.get("status", ticket.status), True)


def write(connection: Connection, ticket: LockedTicket, values: Mapping[str, Any]) -> None:
    connection.execute(
        update(SupportTicket).where(SupportTicket.c.id == ticket.ticket_id).values(**values, updated_at=UTC_NOW)
    )


def record(
    connection: Connection, ticket: LockedTicket, action: str, who: str, details: Mapping[str, Any], action_id: UUID
) -> bool:
    """Keep who did what; False when it is there already."""
    values = {"action_id": action_id, "ticket_id": ticket.ticket_id, "action": action, "actor": checked_name(who)}
    return connection.execute(_RECORD, values | {"details": json_text(details)}).rowcount == 1
