"""Opening tickets: read the story, write what does not need the number, take the numbers, write the rest."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from rules.contacts import ContactBook
from rules.decision import Decision, Fired
from rules.delivery import MailTemplate
from rules.reasons import rank
from rules.routing import Recommendation, recipients, recommend, recommended_action
from services.conversation import Conversation, load_conversations
from services.directory import MachineRecord, Person, build_machine_context, load_machines, load_people
from services.events.inbox import record_tickets_of
from services.events.session_state import KnownSession, known_sessions
from services.installation import Installation
from services.outbox.customer_notice import warn_customers
from services.outbox.models import NewMail
from services.outbox.outcomes import NewOutcome, queue_outcomes
from services.outbox.queue import queue_mails
from services.tickets.abparts_rows import escalate_sessions, insert_triggers
from services.tickets.insert import (
    NewTicket,
    first_of_each,
    insert_own,
    number_and_insert,
    ticket_id_of,
)

Published = Mapping[UUID, datetime]


def open_tickets(
    connection: Connection, decisions: Sequence[Decision], published: Published, installation: Installation
) -> dict[str, int]:
    """Open a ticket for each decision, with its trigger rows, mail and outcome; the counter's row is locked last."""
    tickets = _prepare(connection, decisions, installation)
    escalate_sessions(connection, tickets)
    insert_triggers(connection, [(ticket.ticket_id, one) for ticket in tickets for one in _first_of(ticket)])
    record_tickets_of(connection, _decided(tickets))
    mails = [_opening_mail(ticket, published, installation) for ticket in tickets]
    queue_mails(connection, mails, installation.message_id_domain)
    numbered = number_and_insert(connection, tickets, installation.settings.ticket_time_zone)
    insert_own(connection, numbered)
    warn_customers(connection, [ticket.ticket_id for ticket in numbered if _is_danger(ticket)], installation)
    queue_outcomes(connection, [opened(ticket) for ticket in numbered])
    urgent = sum(mail.rank == 0 for mail in mails)
    return {"opened": len(tickets), "mails": len(mails), "urgent": urgent, "outcomes": len(tickets)}


def _prepare(connection: Connection, decisions: Sequence[Decision], installation: Installation) -> list[NewTicket]:
    """Read everything that the tickets tell, set by set, and put it together."""
    known = known_sessions(connection, [decision.state for decision in decisions])
    people = load_people(connection, [one.user_id for one in known.values() if one.user_id])
    machines = load_machines(connection, [one.machine_id for one in known.values() if one.machine_id])
    conversations = load_conversations(connection, list(known))
    # The tickets of a batch are opened at one moment, so those that ask the same have the same answer.
    advise = cache(partial(_advice, installation.contacts, datetime.now(UTC)))
    tickets = []
    for decision in sorted(decisions, key=lambda one: one.state.session_id):
        session = known[decision.state.session_id]
        tickets.append(
            _new_ticket(
                decision,
                session,
                people.get(session.user_id or ""),
                machines.get(session.machine_id or ""),
                conversations[session.session_id],
                advise,
            )
        )
    return tickets


def _advice(
    contacts: ContactBook,
    now: datetime,
    reasons: tuple[str, ...],
    priority: str,
    category: str | None,
    language: str | None,
    region: str | None,
) -> dict[str, Any]:
    """Whom to contact and what to do, as ABParts keeps it; the ticket's number is filled in when it is drawn."""
    contact = recommend(
        contacts, reasons=reasons, priority=priority, category=category, language=language, region=region, now=now
    )
    return contact.as_expert_contact_info("", reasons[0], recommended_action(reasons, priority)) | _explained(contact)


def _new_ticket(
    decision: Decision,
    session: KnownSession,
    person: Person | None,
    machine: MachineRecord | None,
    conversation: Conversation,
    advise: Callable[..., dict[str, Any]],
) -> NewTicket:
    region, priority = _region_of(person), decision.priority or "medium"
    return NewTicket(
        ticket_id=ticket_id_of(decision.state),
        decision=decision,
        summary=conversation.summary(),
        machine_context=build_machine_context(machine, session.metadata) if machine else session.machine_context,
        expert_contact_info=advise(decision.reasons, priority, conversation.category, session.language, region),
        user_id=session.user_id,
        machine_id=session.machine_id,
        language=session.language,
        region=region,
    )


def _region_of(person: Person | None) -> str | None:
    return person.organisation.country if person and person.organisation else None


def _first_of(ticket: NewTicket) -> list[Fired]:
    return list(first_of_each(ticket.decision.fired).values())


def _decided(tickets: Sequence[NewTicket]) -> list[tuple[UUID, str, list[dict[str, object]]]]:
    return [entry for ticket in tickets for entry in decided_events(ticket.decision, ticket.ticket_id)]


def decided_events(decision: Decision, ticket_id: str) -> list[tuple[UUID, str, list[dict[str, object]]]]:
    """Each event that fired, its ticket, and the evidence that only the session's state gave (the number of steps)."""
    evidence: dict[UUID, list[dict[str, object]]] = {}
    for one in decision.fired:
        counted = (
            [one.signal.as_evidence()] if one.reason == "steps_exceeded" and "observed" in one.signal.evidence else []
        )
        evidence.setdefault(one.event.id, []).extend(counted)
    return [(event_id, ticket_id, items) for event_id, items in evidence.items()]


def _explained(contact: Recommendation) -> dict[str, Any]:
    """Why this contact, in English and to translate: ours beside ABParts' members, for the mail."""
    return {"why": contact.why, "why_parts": [part.as_json() for part in contact.why_parts]}


def _is_danger(ticket: NewTicket) -> bool:
    return "safety_concern" in ticket.decision.reasons


def _opening_mail(ticket: NewTicket, published: Published, installation: Installation) -> NewMail:
    reasons = ticket.decision.reasons
    first = min(published[one.event.id] for one in ticket.decision.fired)
    return NewMail(
        cause=(ticket.ticket_id,),
        template=MailTemplate.TICKET_OPENED,
        recipients=recipients(
            installation.contacts,
            reasons=reasons,
            priority=ticket.priority,
            region=ticket.region,
            default=installation.settings.support_email,
        ),
        rank=rank(ticket.priority, _is_danger(ticket)),
        ticket_id=ticket.ticket_id,
        session_id=ticket.session_id,
        published_at=first,
    )


def opened(ticket: NewTicket) -> NewOutcome:
    return NewOutcome(
        cause=(ticket.ticket_id,),
        type="ticket.opened",
        session_id=ticket.session_id,
        language=ticket.language,
        event_id=ticket.decision.fired[0].event.id,
        ticket_id=ticket.ticket_id,
        ticket_number=ticket.number,
        priority=ticket.priority,
        reasons=ticket.decision.reasons,
        contact=ticket.expert_contact_info.get("primary_contact"),
    )
