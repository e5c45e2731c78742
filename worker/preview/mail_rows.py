"""Rows of the outbox as they would be for a ticket."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from services.mail.i18n.labels import make_test_mail_content
from services.mail.outbox_row import MailRow
from services.ticket_details import TicketDetails

_MAIL: Final = UUID("6f0f7c0e-2f57-5a3e-9d1c-0a5a3f2b7c11")
_UNANSWERED: Final = timedelta(minutes=10)


def mail_of(template: str, details: TicketDetails, language: str) -> MailRow:
    """A mail about a ticket, made up from what the ticket holds."""
    queued = details.ticket.opened_at + (_UNANSWERED if template == "ticket_unacknowledged" else timedelta())
    return MailRow(
        mail_id=_MAIL,
        ticket_id=details.ticket.ticket_id,
        template=template,
        language=language,
        lane="urgent",
        rank=0,
        message_id=f"<{_MAIL.hex}@example.com>",
        content=_content_of(template, details, language),
        queued_at=queued,
        now=queued,
        recipients=tuple(dict.fromkeys(recipient.address for recipient in details.recipients)),
    )


def _content_of(template: str, details: TicketDetails, language: str) -> dict[str, Any]:
    if template == "ticket_updated":
        return {"news": list(_news_of(details))}
    return {
        "ticket_unacknowledged": _reminder_of(details),
        "ticket_acknowledged": {"by": "Maria", "at": details.ticket.opened_at.isoformat()},
        "ticket_handed_over": {"by": "Maria"},
        "ticket_digest": _make_digest(details),
        "test": make_test_mail_content(language),
    }.get(template, {})


def _make_digest(details: TicketDetails) -> dict[str, Any]:
    """A digest of seven tickets like this one."""
    causes = {"model": "AutoBoss 500", "category": "hydraulic", "organisation": "Kefalonia Fisheries"}
    at = details.ticket.opened_at.isoformat()
    ticket = {
        "ticket_id": details.ticket.ticket_id,
        "priority": "high",
        "reasons": ["expert_required"],
        "causes": causes,
        "at": at,
        "link": "https://tickets.example.com/t/…",
    }
    return {
        "cause": {"kind": "model", "value": causes["model"], "count": 7},
        "since": at,
        "tickets": [ticket | {"number": f"AB-20261123-{number:04d}"} for number in range(12, 19)],
    }


def _news_of(details: TicketDetails) -> Iterator[dict[str, Any]]:
    """Every reason and note, as if each had come after the ticket."""
    for reason in details.ticket.reasons:
        for evidence in reason.evidence[:1]:
            kind = "safety" if reason.name == "safety_concern" else "reason"
            yield {
                "kind": kind,
                "reason": reason.name,
                "event_id": str(evidence.event_id),
                "at": (evidence.at or details.ticket.opened_at).isoformat(),
            }
    for request in details.requests:
        if request.notes:
            yield {"kind": "notes", "event_id": str(request.event_id), "at": request.at.isoformat()}


def _reminder_of(details: TicketDetails) -> dict[str, Any]:
    asked = details.advice.primary.name if details.advice else None
    since = details.ticket.opened_at.isoformat()
    return {"contact": {"name": asked}, "previous": {"name": asked}, "waiting_since": since, "is_last": False}
