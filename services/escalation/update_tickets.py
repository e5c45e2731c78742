"""Further reasons and news for open tickets: rows, trigger log, one bundled mail, one outcome."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from escalation_client.events import EscalationRequested, Event
from rules.decision import TicketUpdate
from rules.delivery import TICKET_NEWS, MailTemplate
from rules.reasons import Reason, rank
from rules.routing import RoutedCase, recipients, recommend
from services.database.encoding import sql_list
from services.escalation.advice import advise_anew
from services.escalation.open_tickets import Published, link_events
from services.events.inbox import record_tickets
from services.installation import Installation
from services.outbox.customer_notice import warn_customers
from services.outbox.outcomes import NewOutcome, queue_outcomes
from services.outbox.push import queue_pushes
from services.outbox.queue import NewMail, append_news, queue_mails
from services.tickets.abparts_rows import escalate_sessions_by_id, insert_triggers
from services.tickets.insert import first_of_each
from services.tickets.update import Update, write_updates


def update_tickets(
    connection: Connection, updates: Sequence[Update], published: Published, installation: Installation
) -> dict[str, int]:
    """Write what is new for open tickets; safety goes out at once, everything else in one mail per ten minutes."""
    if any(update.changes_row for update in updates):
        write_updates(connection, updates)
        advise_anew(connection, updates, installation)
    triggers = [
        (update.ticket.ticket_id, fired)
        for update in updates
        for fired in first_of_each(update.decision.fired).values()
    ]
    if triggers:
        insert_triggers(connection, triggers)
        escalate_sessions_by_id(connection, [update.session_id for update in updates if update.decision.fired])
        record_tickets(
            connection,
            [event for update in updates for event in link_events(update.decision, update.ticket.ticket_id)],
        )
    answered = [(update, events) for update in updates if (events := _answered_events(update))]
    if answered:
        contacts = _read_contacts(connection, [update.ticket.ticket_id for update, _ in answered])
        outcomes = [
            _update_outcome(
                update, events, contacts.get(update.ticket.ticket_id) or _recommend_contact(update, installation)
            )
            for update, events in answered
        ]
        queue_outcomes(connection, outcomes)
    news = [update for update in updates if update.decision.news]
    if not news:
        return {"updated": len(updates), "outcomes": len(answered)}
    urgent_updates = [update for update in news if _has_danger(update)]
    mails = [_update_mail(update, published, installation) for update in urgent_updates]
    mails += _bundle_mails(connection, [update for update in news if not _has_danger(update)], published, installation)
    mails = _add_thread(connection, mails)
    pushes = 0
    if mails:
        queue_mails(connection, mails, installation.message_id_domain)
        pushes = queue_pushes(connection, mails, installation)
    # Only where the ticket is about danger from now on: the customer is warned once.
    new_danger = [update.ticket.ticket_id for update in urgent_updates if Reason.SAFETY_CONCERN in update.new_reasons]
    warn_customers(connection, new_danger, installation)
    urgent = sum(mail.rank == 0 for mail in mails)
    return {"updated": len(updates), "mails": len(mails), "urgent": urgent, "outcomes": len(answered), "pushes": pushes}


def _has_danger(update: Update) -> bool:
    return any(news.kind == "safety" or news.reason == Reason.SAFETY_CONCERN for news in update.decision.news)


def _bundle_mails(
    connection: Connection, updates: Sequence[Update], published: Published, installation: Installation
) -> list[NewMail]:
    """Add news to a mail that still waits; the others get a mail that keeps its distance to the previous one."""
    if not updates:
        return []
    news = [(update.ticket.ticket_id, [_as_json(news) for news in update.decision.news]) for update in updates]
    joined = append_news(connection, news)
    return [
        _update_mail(update, published, installation) for update in updates if update.ticket.ticket_id not in joined
    ]


def _update_mail(update: Update, published: Published, installation: Installation) -> NewMail:
    news, danger = update.decision.news, _has_danger(update)
    return NewMail(
        cause=(update.ticket.ticket_id, *sorted(str(item.event.id) for item in news)),
        template=MailTemplate.TICKET_UPDATED,
        recipients=recipients(
            installation.contacts,
            reasons=update.reasons,
            priority=update.priority,
            region=None,  # whoever got the ticket's earlier mails by region gets this one too
            default=installation.settings.support_email,
        ),
        rank=rank(update.priority, danger),
        ticket_id=update.ticket.ticket_id,
        session_id=update.session_id,
        content={"news": [_as_json(item) for item in news]},
        published_at=min(published[item.event.id] for item in news),
        apart_seconds=0.0 if danger else installation.settings.mail_bundle_seconds,
    )


_THREAD = text(f"""
    SELECT m.ticket_id, array_agg(DISTINCT r.address) AS addresses
    FROM escalation.mails AS m JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    WHERE m.ticket_id = ANY(CAST(:ticket_ids AS text[])) AND m.template IN {sql_list(*TICKET_NEWS)}
    GROUP BY m.ticket_id
""")


def _add_thread(connection: Connection, mails: Sequence[NewMail]) -> list[NewMail]:
    """Whoever got an earlier mail of the ticket gets this one too."""
    rows = connection.execute(_THREAD, {"ticket_ids": [mail.ticket_id for mail in mails]})
    earlier = {row.ticket_id: row.addresses for row in rows}
    return [
        replace(mail, recipients=tuple(dict.fromkeys([*mail.recipients, *sorted(earlier.get(mail.ticket_id, []))])))
        for mail in mails
    ]


def _as_json(news: TicketUpdate) -> dict[str, Any]:
    """News as it stands in `mails.content`: what kind, which event, when."""
    members = {
        "kind": news.kind,
        "reason": news.reason,
        "event_id": str(news.event.id),
        "at": news.event.occurred_at.isoformat(),
    }
    return {name: value for name, value in members.items() if value is not None}


def _answered_events(update: Update) -> list[Event]:
    """What the assistant hears of: news, and each request of its dialogue, even one that adds nothing to the ticket."""
    news = [item.event for item in update.decision.news]
    asked = [fired.event for fired in update.decision.fired if isinstance(fired.event, EscalationRequested)]
    return list({event.id: event for event in [*news, *asked]}.values())


_CONTACTS = text("""
    SELECT id, expert_contact_info AS advice FROM public.support_tickets WHERE id = ANY(CAST(:ticket_ids AS text[]))
""")


def _read_contacts(connection: Connection, ticket_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Whom each ticket names; one that somebody else opened may name nobody."""
    rows = connection.execute(_CONTACTS, {"ticket_ids": list(ticket_ids)})
    named = {row.id: row.advice.get("primary_contact") for row in rows if isinstance(row.advice, dict)}
    return {ticket_id: contact for ticket_id, contact in named.items() if isinstance(contact, dict)}


def _recommend_contact(update: Update, installation: Installation) -> dict[str, Any]:
    """Whom to ask where the ticket names nobody."""
    case = RoutedCase(tuple(update.reasons), update.priority, language=update.decision.state.language)
    return recommend(installation.contacts, case, datetime.now(UTC)).primary.as_json()


def _update_outcome(update: Update, events: Sequence[Event], contact: dict[str, Any]) -> NewOutcome:
    return NewOutcome(
        cause=(update.ticket.ticket_id, *sorted(str(event.id) for event in events)),
        type="ticket.updated",
        session_id=update.session_id,
        language=update.decision.state.language,
        event_id=events[0].id,
        ticket_id=update.ticket.ticket_id,
        ticket_number=update.ticket.ticket_number,
        priority=update.priority,
        reasons=tuple(update.reasons),
        contact=contact,
    )
