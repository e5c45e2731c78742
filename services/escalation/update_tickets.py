"""Further reasons and news for open tickets: rows, trigger log, one bundled mail, one outcome."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, text

from escalation_client.events import EscalationRequested, Event
from rules.decision import TicketUpdate
from rules.delivery import TICKET_NEWS, MailTemplate
from rules.reasons import rank
from rules.routing import recipients
from services.database.words import sql_list
from services.escalation.open_tickets import Published, decided_events
from services.events.inbox import record_tickets_of
from services.installation import Installation
from services.outbox.customer_notice import warn_customers
from services.outbox.models import NewMail
from services.outbox.outcomes import NewOutcome, queue_outcomes
from services.outbox.queue import append_news, queue_mails
from services.tickets.abparts_rows import escalate_sessions_by_id, insert_triggers
from services.tickets.insert import first_of_each
from services.tickets.update import Update, write_updates

_SAFETY = "safety_concern"


def update_tickets(
    connection: Connection, updates: Sequence[Update], published: Published, installation: Installation
) -> dict[str, int]:
    """Write what is new for open tickets; safety goes out at once, everything else in one mail per ten minutes."""
    if any(update.changes_row for update in updates):
        write_updates(connection, updates)
    triggers = [
        (one.ticket.ticket_id, fired) for one in updates for fired in first_of_each(one.decision.fired).values()
    ]
    if triggers:
        insert_triggers(connection, triggers)
        escalate_sessions_by_id(connection, [one.session_id for one in updates if one.decision.fired])
        record_tickets_of(
            connection, [entry for one in updates for entry in decided_events(one.decision, one.ticket.ticket_id)]
        )
    outcomes = [updated(update, events) for update in updates if (events := _answered(update))]
    if outcomes:
        queue_outcomes(connection, outcomes)
    told = [update for update in updates if update.decision.news]
    if not told:
        return {"updated": len(updates), "outcomes": len(outcomes)}
    mails = [*_urgent_mails(told, published, installation), *_bundled_mails(connection, told, published, installation)]
    mails = _with_thread(connection, mails)
    if mails:
        queue_mails(connection, mails, installation.message_id_domain)
    warn_customers(connection, [update.ticket.ticket_id for update in told if _is_new_danger(update)], installation)
    urgent = sum(mail.rank == 0 for mail in mails)
    return {"updated": len(updates), "mails": len(mails), "urgent": urgent, "outcomes": len(outcomes)}


def _is_safety(news: TicketUpdate) -> bool:
    return news.kind == "safety" or news.reason == _SAFETY


def _is_new_danger(update: Update) -> bool:
    """Whether the ticket is about danger from now on."""
    return _SAFETY in update.new_reasons and any(map(_is_safety, update.decision.news))


def _urgent_mails(updates: Sequence[Update], published: Published, installation: Installation) -> list[NewMail]:
    """One mail at once for each ticket with new danger, with everything else that is new."""
    return [
        _update_mail(update, update.decision.news, published, installation)
        for update in updates
        if any(map(_is_safety, update.decision.news))
    ]


def _bundled_mails(
    connection: Connection, updates: Sequence[Update], published: Published, installation: Installation
) -> list[NewMail]:
    """The others are added to a mail that is still waiting, or get one that keeps its distance to the previous mail."""
    calm = [update for update in updates if not any(map(_is_safety, update.decision.news))]
    if not calm:
        return []
    joined = append_news(
        connection, [(one.ticket.ticket_id, [_as_json(news) for news in one.decision.news]) for one in calm]
    )
    return [
        _update_mail(update, update.decision.news, published, installation)
        for update in calm
        if update.ticket.ticket_id not in joined
    ]


def _update_mail(
    update: Update, news: Sequence[TicketUpdate], published: Published, installation: Installation
) -> NewMail:
    safety = any(map(_is_safety, news))
    return NewMail(
        cause=(update.ticket.ticket_id, *sorted(str(one.event.id) for one in news)),
        template=MailTemplate.TICKET_UPDATED,
        recipients=recipients(
            installation.contacts,
            reasons=update.reasons,
            priority=update.priority,
            region=None,  # whoever got the ticket's earlier mails by region gets this one too
            default=installation.settings.support_email,
        ),
        rank=rank(update.priority, safety),
        ticket_id=update.ticket.ticket_id,
        session_id=update.session_id,
        content={"news": [_as_json(one) for one in news]},
        published_at=min(published[one.event.id] for one in news),
        apart_seconds=0.0 if safety else installation.settings.mail_bundle_seconds,
    )


_THREAD = text(f"""
    SELECT m.ticket_id, array_agg(DISTINCT r.address) AS addresses
    FROM escalation.mails AS m JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    WHERE m.ticket_id = ANY(CAST(:ticket_ids AS text[])) AND m.template IN {sql_list(*TICKET_NEWS)}
    GROUP BY m.ticket_id
""")


def _with_thread(connection: Connection, mails: Sequence[NewMail]) -> list[NewMail]:
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


def _answered(update: Update) -> list[Event]:
    """What the assistant hears of: news, and each request of its dialogue, even one that adds nothing to the ticket."""
    news = [one.event for one in update.decision.news]
    asked = [one.event for one in update.decision.fired if isinstance(one.event, EscalationRequested)]
    return list({event.id: event for event in [*news, *asked]}.values())


def updated(update: Update, events: Sequence[Event]) -> NewOutcome:
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
    )
