"""Tickets found by their number or id, whoever opened them, and lists of them."""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from rules.foreign_words import PRIORITY_ORDER
from services.database.calendar import in_calendar


class TicketNotFound(Exception):
    """No ticket has this number or id."""


@dataclass(frozen=True, slots=True)
class LockedTicket:
    """A ticket's row, held until the transaction ends."""

    ticket_id: str
    session_id: str
    number: str
    status: str
    priority: str
    assigned: str | None
    resolution: str | None
    acknowledged_by: str | None


_COLUMNS = f"""
    p.id AS ticket_id, p.ticket_number, p.session_id, CAST(p.priority AS text) AS priority,
    CAST(p.status AS text) AS status, p.escalation_reason AS reason, p.assigned_expert_id AS assigned,
    {in_calendar("p.created_at AT TIME ZONE 'UTC'")} AS opened_at,
    {in_calendar("p.resolved_at AT TIME ZONE 'UTC'")} AS resolved_at,
    own.acknowledged_at, own.acknowledged_by
"""
_FIND = text("""
    SELECT id, session_id FROM public.support_tickets
    WHERE id = :reference OR ticket_number = upper(:reference) ORDER BY id = :reference DESC LIMIT 1
""")
_LIST = text(f"""
    SELECT {_COLUMNS}
    FROM public.support_tickets AS p LEFT JOIN escalation.tickets AS own ON own.ticket_id = p.id
    WHERE CAST(p.status AS text) = ANY(CAST(:statuses AS text[]))
    ORDER BY array_position(CAST(:priorities AS text[]), lower(CAST(p.priority AS text))) DESC NULLS LAST,
        p.created_at, p.id
    LIMIT :limit
""")
_FIND_OURS = text("""
    SELECT p.id FROM public.support_tickets AS p JOIN escalation.tickets AS own ON own.ticket_id = p.id
    WHERE CAST(p.status AS text) = ANY(CAST(:statuses AS text[]))
      AND (:priority = '' OR CAST(p.priority AS text) = :priority)
      AND (CAST(:since AS timestamptz) IS NULL OR p.created_at AT TIME ZONE 'UTC' >= :since)
    ORDER BY array_position(ARRAY['urgent', 'high', 'medium', 'low'], CAST(p.priority AS text)),
             own.acknowledged_at IS NOT NULL, p.created_at, p.id
    LIMIT :limit
""")
_FIND_OURS_BY_NUMBER = text("SELECT ticket_id FROM escalation.tickets WHERE ticket_number = :number")
_SHOW = text(f"""
    SELECT {_COLUMNS}, p.session_summary AS summary, p.resolution_notes AS resolution, p.expert_contact_info AS contact,
           coalesce(own.reasons, '{{}}'::jsonb) AS reasons, own.earlier_ticket_id
    FROM public.support_tickets AS p LEFT JOIN escalation.tickets AS own ON own.ticket_id = p.id
    WHERE p.id = :ticket_id
""")
_ACTIONS = text("""
    SELECT at, actor, action, details FROM escalation.ticket_actions WHERE ticket_id = :ticket_id ORDER BY at, action_id
""")
_CHASED = text("""
    SELECT sent_at, rung, contact, priority FROM escalation.ticket_rungs WHERE ticket_id = :ticket_id ORDER BY sent_at
""")
# The session's row is locked first, as everywhere, so that events that arrive now wait for what a person does.
_LOCK_SESSION = text("SELECT FROM escalation.sessions WHERE session_id = :session_id FOR UPDATE")
_LOCK = text("""
    SELECT p.id AS ticket_id, p.session_id, p.ticket_number AS number, CAST(p.status AS text) AS status,
           CAST(p.priority AS text) AS priority, p.assigned_expert_id AS assigned, p.resolution_notes AS resolution,
           coalesce(
               (SELECT acknowledged_by FROM escalation.tickets AS own WHERE own.ticket_id = p.id),
               (SELECT actor FROM escalation.ticket_actions AS a
                WHERE a.ticket_id = p.id AND a.action = 'acknowledge' ORDER BY a.at DESC LIMIT 1)) AS acknowledged_by
    FROM public.support_tickets AS p WHERE p.id = :ticket_id FOR NO KEY UPDATE
""")


def find_ticket(connection: Connection, reference: str) -> tuple[str, str]:
    """The ids of the ticket and of its session, by the ticket's number or id.

    :raises TicketNotFound: there is none
    """
    row = connection.execute(_FIND, {"reference": reference.strip().replace("\0", "")}).one_or_none()
    if row is None:
        shown = reprlib.repr(reference.strip())
        raise TicketNotFound(f"no ticket has the number or id {shown} (numbers have the form AB-YYYYMMDD-NNNN)")
    return row.id, row.session_id


def find_ticket_id(connection: Connection, number: str) -> str | None:
    """The id of a ticket of ours by its number, also where its shared row is gone; None: there is none."""
    ticket_id: str | None = connection.execute(_FIND_OURS_BY_NUMBER, {"number": number}).scalar()
    return ticket_id


def lock_ticket(connection: Connection, reference: str) -> LockedTicket:
    """Hold a ticket, and its session before it.

    :raises TicketNotFound: there is none
    """
    ticket_id, session_id = find_ticket(connection, reference)
    connection.execute(_LOCK_SESSION, {"session_id": session_id})
    row = connection.execute(_LOCK, {"ticket_id": ticket_id}).mappings().one_or_none()
    if row is None:
        raise TicketNotFound(f"the ticket {reprlib.repr(reference.strip())} has been deleted a moment ago")
    return LockedTicket(**row)


def list_tickets(connection: Connection, statuses: Sequence[str], limit: int) -> list[dict[str, Any]]:
    """Tickets in these states, the most urgent and then the oldest first."""
    return [
        dict(row)
        for row in connection.execute(
            _LIST, {"statuses": list(statuses), "limit": limit, "priorities": list(PRIORITY_ORDER)}
        ).mappings()
    ]


def find_tickets(
    connection: Connection, statuses: Sequence[str], priority: str, since: datetime | None, limit: int
) -> list[str]:
    """Find the ids of our tickets in these states, the most urgent and then the oldest first.

    :param priority: only this one; empty: all
    :param since: only those opened later
    """
    asked = {"statuses": list(statuses), "priority": priority, "since": since, "limit": limit}
    return list(connection.execute(_FIND_OURS, asked).scalars())


def show_ticket(connection: Connection, reference: str) -> dict[str, Any]:
    """All about one ticket: its row, reasons with evidence, what people did, who was chased.

    :raises TicketNotFound: there is none
    """
    asked = {"ticket_id": find_ticket(connection, reference)[0]}
    ticket = dict(connection.execute(_SHOW, asked).mappings().one())
    ticket["actions"] = [dict(row) for row in connection.execute(_ACTIONS, asked).mappings()]
    ticket["chased"] = [dict(row) for row in connection.execute(_CHASED, asked).mappings()]
    return ticket
