"""What people do with a ticket. Each changes ABParts' row, as plain SQL would, and lets the change be noticed."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection, text

from rules.contacts import Contact
from rules.delivery import MailTemplate
from rules.reasons import PRIORITIES, Priority, Reason, rank
from rules.ticket_states import TakenAlready, TicketRefused
from services.database.encoding import derive_id
from services.database.engine import read_clock
from services.events.session_state import is_finished
from services.installation import Installation
from services.outbox.push import queue_pushes
from services.outbox.queue import NewMail, queue_mails
from services.tickets.detect_changes import notice
from services.tickets.one_action import UTC_NOW, Done, begin, change, record, unchanged, write
from services.tickets.validation import checked_expert, checked_name, checked_note

# Who acknowledges it takes the place of who was assigned to it.
_HOLDER = text("UPDATE escalation.tickets SET acknowledged_by = :who WHERE ticket_id = :ticket_id")
_OTHER_OPEN = text(f"""
    SELECT ticket_number FROM public.support_tickets AS t
    WHERE session_id = :session_id AND id <> :ticket_id AND NOT {is_finished("t")} LIMIT 1
""")
_WAIT_ANEW = text("""
    UPDATE escalation.tickets SET waiting_since = clock_timestamp(), snoozed_until = NULL
    WHERE ticket_id = :ticket_id RETURNING reasons
""")
_SNOOZE = text("UPDATE escalation.tickets SET snoozed_until = :until WHERE ticket_id = :ticket_id")
_LONGEST_URGENT_SNOOZE, _LONGEST_SNOOZE = timedelta(hours=1), timedelta(days=7)
_MEDIUM = rank(Priority.MEDIUM, safety=False)


def acknowledge(connection: Connection, reference: str, who: str) -> Done:
    """Take the ticket: it is in progress and nobody else is asked.

    :raises TakenAlready: somebody else has it
    :raises TicketRefused: it is finished
    """
    ticket, status = begin(connection, "acknowledge", reference, who)
    if ticket.status != status:
        done = change(connection, ticket, "acknowledge", who, {"status": status})
        connection.execute(_HOLDER, {"who": checked_name(who), "ticket_id": ticket.ticket_id})
        return done
    if ticket.acknowledged_by != checked_name(who):
        raise TakenAlready(ticket.number, ticket.acknowledged_by)
    return unchanged(ticket)


def assign(connection: Connection, reference: str, expert_id: str, who: str) -> Done:
    """Give the ticket to an expert, by the id of an ABParts user; also hands it over.

    :raises UnknownExpert: ABParts has no such user; where its users cannot be read any id is taken
    :raises TicketRefused: it is finished
    """
    ticket, status = begin(connection, "assign", reference, who)
    expert, checked = checked_expert(connection, ticket.number, checked_name(expert_id))
    values = {"status": status, "assigned_expert_id": expert}
    same = (ticket.status, ticket.assigned) == (status, expert)
    return replace(unchanged(ticket) if same else change(connection, ticket, "assign", who, values), checked=checked)


def note(connection: Connection, reference: str, words: str, who: str) -> Done:
    """Keep a note with the ticket; the same note of the same person is kept once."""
    ticket, _ = begin(connection, "note", reference, who)
    words = checked_note(words)
    action_id = derive_id("note", ticket.ticket_id, checked_name(who), words)
    if not record(connection, ticket, "note", who, {"note": words}, action_id):
        return unchanged(ticket)
    write(connection, ticket, {})
    return Done(ticket.number, ticket.status, True)


def prioritise(connection: Connection, reference: str, priority: str, who: str) -> Done:
    """Set the priority; a higher one begins the ladder anew.

    :raises TicketRefused: it is finished, or this is no priority
    """
    ticket, _ = begin(connection, "prioritise", reference, who)
    if priority not in PRIORITIES:
        raise TicketRefused(
            "'%(priority)s' is no priority: it should be one of %(known)s",
            priority=priority,
            known=", ".join(PRIORITIES),
        )
    if ticket.priority == priority:
        return unchanged(ticket)
    return change(connection, ticket, "prioritise", who, {"priority": priority})


def resolve(connection: Connection, reference: str, words: str, who: str) -> Done:
    """Say what helped.

    :raises TicketRefused: it is closed, or resolved with other words
    """
    ticket, status = begin(connection, "resolve", reference, who)
    words = checked_note(words)
    if ticket.status != status:
        values = {"status": status, "resolution_notes": words, "resolved_at": UTC_NOW}
        return change(connection, ticket, "resolve", who, values)
    if ticket.resolution != words:
        raise TicketRefused(
            "%(number)s is resolved already with another text: add a note, or reopen it first.", number=ticket.number
        )
    return unchanged(ticket)


def close(connection: Connection, reference: str, who: str) -> Done:
    """Close a ticket that is resolved.

    :raises TicketRefused: it is not resolved yet
    """
    ticket, status = begin(connection, "close", reference, who)
    return (
        unchanged(ticket) if ticket.status == status else change(connection, ticket, "close", who, {"status": status})
    )


def reopen(connection: Connection, reference: str, who: str) -> Done:
    """Begin again: nobody has the ticket, and its ladder starts anew.

    :raises TicketRefused: its session has another open ticket meanwhile
    """
    ticket, status = begin(connection, "reopen", reference, who)
    if ticket.status == status:
        return unchanged(ticket)
    other = connection.execute(_OTHER_OPEN, {"session_id": ticket.session_id, "ticket_id": ticket.ticket_id}).scalar()
    if other:
        raise TicketRefused(
            "%(number)s cannot be reopened: %(other)s of the same session is open, go on there.",
            number=ticket.number,
            other=other,
        )
    return change(
        connection, ticket, "reopen", who, {"status": status, "resolved_at": None, "assigned_expert_id": None}
    )


def release(connection: Connection, reference: str, who: str) -> Done:
    """Give the ticket back: nobody has it, and its ladder starts anew.

    :raises TicketRefused: it is finished
    """
    ticket, status = begin(connection, "release", reference, who)
    if ticket.status == status and ticket.assigned is None:
        return unchanged(ticket)
    return change(connection, ticket, "release", who, {"status": status, "assigned_expert_id": None})


def reassign(connection: Connection, reference: str, contact: Contact, who: str, installation: Installation) -> Done:
    """Ask a contact to take the ticket: it is mailed to them, and the ladder goes on until somebody acknowledges.

    :raises TicketRefused: it is finished
    """
    ticket, status = begin(connection, "reassign", reference, who)
    write(connection, ticket, {"status": status, "assigned_expert_id": None})
    action_id = uuid4()
    record(connection, ticket, "reassign", who, {"contact": contact.name}, action_id)
    notice(connection, [ticket.ticket_id])
    reasons = connection.execute(_WAIT_ANEW, {"ticket_id": ticket.ticket_id}).scalar() or {}
    mail = NewMail(
        cause=(str(action_id),),
        template=MailTemplate.TICKET_HANDED_OVER,
        recipients=(contact.email,),
        rank=rank(ticket.priority, Reason.SAFETY_CONCERN in reasons) if ticket.priority in PRIORITIES else _MEDIUM,
        ticket_id=ticket.ticket_id,
        session_id=ticket.session_id,
        content={"by": checked_name(who)},
    )
    queue_mails(connection, [mail], installation.message_id_domain)
    queue_pushes(connection, [mail], installation)
    return Done(ticket.number, status, True)


def snooze(connection: Connection, reference: str, until: datetime, who: str) -> Done:
    """Remind nobody of the ticket until then; an urgent one at most for an hour, any other for a week.

    :raises TicketRefused: it is finished, or the time is over or too far away
    """
    ticket, status = begin(connection, "snooze", reference, who)
    longest = _LONGEST_URGENT_SNOOZE if ticket.priority == Priority.URGENT else _LONGEST_SNOOZE
    if not timedelta() < until - read_clock(connection) <= longest:
        raise TicketRefused(
            "%(number)s can be snoozed for at most %(num)s hour.",
            "%(number)s can be snoozed for at most %(num)s hours.",
            number=ticket.number,
            num=longest // timedelta(hours=1),
        )
    connection.execute(_SNOOZE, {"until": until, "ticket_id": ticket.ticket_id})
    record(connection, ticket, "snooze", who, {"until": until.isoformat()}, uuid4())
    return Done(ticket.number, status, True)
