"""What happened to a ticket, newest first: events that counted, mails and their states, and what people did."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, text

from rules.reasons import Reason
from services.ticket_details.models import TicketDetails

_MOST_ENTRIES: Final = 60

_ACTIONS = text("""
    SELECT at, actor, action, details FROM escalation.ticket_actions WHERE ticket_id = :ticket_id ORDER BY at, action_id
""")
_MAILS = text("""
    SELECT m.template, m.queued_at, r.address, r.state, r.accepted_at,
           r.state = 'queued' AND r.next_attempt_at > clock_timestamp()
               AND (m.template = 'ticket_updated' OR m.content ? 'bundled') AS bundled
    FROM escalation.mails AS m JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    WHERE m.ticket_id = :ticket_id ORDER BY m.queued_at, r.address
""")


class EntryKind(StrEnum):
    """What an entry of the timeline is."""

    OPENED = "opened"
    REASON = "reason-entry"
    DANGER = "danger"
    MAIL = "mail"
    ACTION = "action"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """Something that happened; `code` is a reason, a mail's template or an action, `state` a recipient's state.

    `phrase` holds the user's words that counted; `details` are those of an action: its note, contact or time.
    """

    at: datetime
    kind: EntryKind
    code: str = ""
    who: str = ""
    state: str = ""
    phrase: str = ""
    details: dict[str, Any] | None = None


def load_timeline(connection: Connection, details: TicketDetails) -> list[TimelineEntry]:
    """Load the newest entries, at most sixty; two statements."""
    asked = {"ticket_id": details.ticket.ticket_id}
    entries = [TimelineEntry(at=details.ticket.opened_at, kind=EntryKind.OPENED), *_list_reasons(details)]
    for row in connection.execute(_MAILS, asked):
        state = "bundled" if row.bundled else row.state
        at = row.accepted_at or row.queued_at
        entries.append(TimelineEntry(at=at, kind=EntryKind.MAIL, code=row.template, who=row.address, state=state))
    for row in connection.execute(_ACTIONS, asked):
        entries.append(
            TimelineEntry(at=row.at, kind=EntryKind.ACTION, code=row.action, who=row.actor, details=row.details)
        )
    return sorted(entries, key=lambda entry: entry.at.astimezone(UTC), reverse=True)[:_MOST_ENTRIES]


def _list_reasons(details: TicketDetails) -> Iterator[TimelineEntry]:
    for reason in details.ticket.reasons:
        kind = EntryKind.DANGER if reason.name == Reason.SAFETY_CONCERN else EntryKind.REASON
        phrases = {evidence.at: evidence.phrase or "" for evidence in reversed(reason.evidence) if evidence.at}
        for moment, phrase in phrases.items():
            yield TimelineEntry(at=moment, kind=kind, code=reason.name, phrase=phrase)
