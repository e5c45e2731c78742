"""Opens tickets: reads the details, writes what does not need the number, draws the numbers, writes the rest."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from rules.decision import Decision
from rules.delivery import MailTemplate
from rules.reasons import Priority, Reason, rank
from rules.routing import RoutedCase, recipients
from services.conversation import TABLES_OF_SESSIONS, load_stories
from services.database.encoding import json_text
from services.directory import build_machine_context, load_machines, load_people, map_reported_context
from services.escalation.advice import advise, is_user_known
from services.events.inbox import TicketOfEvent, record_tickets
from services.events.session_state import known_sessions
from services.installation import Installation
from services.outbox.customer_notice import warn_customers
from services.outbox.digest import bundle_in_storm
from services.outbox.outcomes import NewOutcome, queue_outcomes
from services.outbox.push import queue_pushes
from services.outbox.queue import NewMail, queue_mails
from services.tickets.abparts_rows import escalate_sessions, insert_triggers
from services.tickets.insert import (
    NewTicket,
    derive_ticket_id,
    first_of_each,
    insert_own,
    number_and_insert,
)

Published = Mapping[UUID, datetime]


def open_tickets(
    connection: Connection, decisions: Sequence[Decision], published: Published, installation: Installation
) -> dict[str, int]:
    """Open a ticket for each decision, with its trigger rows, mail and outcome; the counter's row is locked last."""
    tickets = _prepare(connection, decisions, installation)
    escalate_sessions(connection, tickets)
    insert_triggers(
        connection,
        [(ticket.ticket_id, fired) for ticket in tickets for fired in first_of_each(ticket.decision.fired).values()],
    )
    record_tickets(
        connection, [event for ticket in tickets for event in link_events(ticket.decision, ticket.ticket_id)]
    )
    mails = [_opening_mail(ticket, published, installation) for ticket in tickets]
    queue_mails(connection, mails, installation.message_id_domain)
    numbered = number_and_insert(connection, tickets, installation.settings.ticket_time_zone)
    insert_own(connection, numbered)
    bundled = bundle_in_storm(connection, mails, installation)
    pushes = queue_pushes(connection, [mail for mail in mails if str(mail.mail_id) not in bundled], installation)
    warn_customers(connection, [ticket.ticket_id for ticket in numbered if _is_danger(ticket)], installation)
    queue_outcomes(connection, [_opening_outcome(ticket) for ticket in numbered])
    urgent = sum(mail.rank == 0 for mail in mails)
    return {
        "opened": len(tickets),
        "mails": len(mails) - len(bundled),
        "urgent": urgent,
        "outcomes": len(tickets),
        "pushes": pushes,
    }


def _prepare(connection: Connection, decisions: Sequence[Decision], installation: Installation) -> list[NewTicket]:
    """Read everything that the tickets tell, set by set, and put it together."""
    known, readable = known_sessions(connection, [decision.state for decision in decisions], TABLES_OF_SESSIONS)
    people = load_people(connection, [session.user_id for session in known.values() if session.user_id], readable)
    machine_ids = [session.machine_id for session in known.values() if session.machine_id]
    machines = load_machines(connection, machine_ids, readable)
    stories = load_stories(connection, list(known), readable)
    # The tickets of a batch are opened at one moment, so those that ask the same have the same answer.
    advise_once = cache(partial(advise, installation.contacts, datetime.now(UTC)))
    tickets = []
    for decision in sorted(decisions, key=lambda decision: decision.state.session_id):
        session = known[decision.state.session_id]
        person, machine = people.get(session.user_id or ""), machines.get(session.machine_id or "")
        context = (
            build_machine_context(machine, session.metadata) if machine else map_reported_context(session.metadata)
        )
        story = stories[session.session_id]
        common = {
            "model": machine.model if machine else None,
            "organisation": person.organisation.name if person and person.organisation else None,
            "category": story.category,
        }
        case = RoutedCase(
            reasons=decision.reasons,
            priority=decision.priority or Priority.MEDIUM,
            category=story.category,
            language=session.language,
            region=person.organisation.country if person and person.organisation else None,
            user_known=is_user_known(session.user_id, decision),
        )
        tickets.append(
            NewTicket(
                ticket_id=derive_ticket_id(decision.state),
                decision=decision,
                summary=story.summary(),
                machine_context=context,
                expert_contact_info=advise_once(case),
                user_id=session.user_id,
                machine_id=session.machine_id,
                language=session.language,
                region=case.region,
                # What other tickets of the same minutes may have in common with it; "other" is common to nothing.
                causes={kind: value for kind, value in common.items() if value and value != "other"},
            )
        )
    return tickets


def link_events(decision: Decision, ticket_id: str) -> list[TicketOfEvent]:
    """Each event that fired, its ticket, and the evidence that only the session's state gave (the number of steps)."""
    evidence: dict[UUID, list[dict[str, Any]]] = {}
    for fired in decision.fired:
        counted = fired.reason == Reason.STEPS_EXCEEDED and "observed" in fired.signal.evidence
        evidence.setdefault(fired.event.id, []).extend([fired.signal.as_evidence()] if counted else [])
    return [TicketOfEvent(event_id, ticket_id, json_text(items)) for event_id, items in evidence.items()]


def _is_danger(ticket: NewTicket) -> bool:
    return Reason.SAFETY_CONCERN in ticket.decision.reasons


def _opening_mail(ticket: NewTicket, published: Published, installation: Installation) -> NewMail:
    reasons = ticket.decision.reasons
    first = min(published[fired.event.id] for fired in ticket.decision.fired)
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
        content={"causes": ticket.causes} if ticket.causes else {},
        published_at=first,
    )


def _opening_outcome(ticket: NewTicket) -> NewOutcome:
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
