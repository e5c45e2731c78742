"""Whom a ticket tells to contact: worked out when it opens, and again when a graver reason comes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from escalation_client.events import EscalationRequested
from rules.contacts import ContactBook
from rules.decision import Decision
from rules.routing import RoutedCase, recommend, recommended_action
from services.conversation import TABLES_OF_SESSIONS, load_stories
from services.directory import load_people
from services.events.session_state import known_sessions
from services.installation import Installation
from services.tickets.abparts_rows import UNKNOWN_USER
from services.tickets.update import Update, write_advice


def advise(contacts: ContactBook, now: datetime, case: RoutedCase) -> dict[str, Any]:
    """Whom to contact and what to do, as ABParts keeps it; the ticket's number is filled in when it is drawn.

    Why this contact, in English and to translate, stands beside ABParts' members, for the mail.
    """
    contact = recommend(contacts, case, now)
    action = recommended_action(case)
    return contact.as_expert_contact_info("", case.reasons[0], action) | {
        "why": contact.why,
        "why_parts": [part.as_json() for part in contact.why_parts],
    }


def is_user_known(user_id: str | None, decision: Decision) -> bool:
    """Whether ABParts knows the user, or a number was left with what leads to the ticket now."""
    requests = (fired.event for fired in decision.fired if isinstance(fired.event, EscalationRequested))
    return user_id not in {None, UNKNOWN_USER} or any(request.callback_phone for request in requests)


def advise_anew(connection: Connection, updates: Sequence[Update], installation: Installation) -> None:
    """Smoke after a wish to talk to somebody is for the emergency line; another writer's ticket keeps its contact."""
    graver = [update for update in updates if update.is_graver and not update.ticket.adopted]
    if not graver:
        return
    known, readable = known_sessions(connection, [update.decision.state for update in graver], TABLES_OF_SESSIONS)
    people = load_people(connection, [session.user_id for session in known.values() if session.user_id], readable)
    stories = load_stories(connection, list(known), readable)
    now = datetime.now(UTC)
    advice = {}
    for update in graver:
        session = known[update.session_id]
        person = people.get(session.user_id or "")
        case = RoutedCase(
            reasons=tuple(update.reasons),
            priority=update.priority,
            category=stories[update.session_id].category,
            language=session.language,
            region=person.organisation.country if person and person.organisation else None,
            user_known=is_user_known(session.user_id, update.decision),
        )
        advice[update.ticket] = advise(installation.contacts, now, case)
    write_advice(connection, advice)
