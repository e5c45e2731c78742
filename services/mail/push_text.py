"""What a push message says: few words for a lock screen, without personal data, and the way to the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, text

from config.settings import Settings
from rules.delivery import PushKind
from rules.foreign_words import known_priority
from rules.reasons import REASONS, Reason, by_gravity
from services.mail.i18n.labels import PRIORITIES, PUSHES, SHORT_REASONS
from services.mail.i18n.locale import LocaleFormatter
from services.mail.i18n.presenter import Presenter
from services.tickets.signed_links import link

_READ = text("""
    SELECT m.mail_id, m.template, m.content, m.queued_at, own.ticket_id, own.ticket_number, own.reasons,
           coalesce(CAST(shared.priority AS text), own.priority) AS priority
    FROM escalation.mails AS m JOIN escalation.tickets AS own ON own.ticket_id = m.ticket_id
    LEFT JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
    WHERE m.mail_id = ANY(CAST(:mail_ids AS uuid[]))
""")


@dataclass(frozen=True, slots=True)
class PushText:
    """Title and body; `alarming` unless it only tells that somebody has the ticket."""

    title: str
    body: str
    alarming: bool


def write_pushes(connection: Connection, mail_ids: Sequence[UUID], settings: Settings) -> Mapping[UUID, PushText]:
    """The texts of push messages, in the support team's language; one whose ticket is gone has none."""
    presenter = Presenter(LocaleFormatter(settings.support_language, ZoneInfo(settings.support_time_zone)))
    rows = connection.execute(_READ, {"mail_ids": [str(mail_id) for mail_id in mail_ids]})
    return {row.mail_id: _write(row, presenter, settings) for row in rows}


def _write(row: Row[Any], presenter: Presenter, settings: Settings) -> PushText:
    reasons = by_gravity(reason for reason in row.reasons if reason in REASONS)
    priority = "safety" if Reason.SAFETY_CONCERN in reasons else known_priority(row.priority)
    why = presenter.word(next(iter(reasons), ""), SHORT_REASONS)
    title = [presenter.word(priority, PRIORITIES), why, row.ticket_number]
    lines = [presenter.word(row.template, PUSHES)]
    if row.template == PushKind.UNACKNOWLEDGED:
        waited = row.queued_at - datetime.fromisoformat(row.content["waiting_since"])
        lines.insert(0, presenter.say("Nobody has taken it for %(time)s.", time=presenter.formatter.duration(waited)))
    page = link(row.ticket_id, settings)
    return PushText(
        " · ".join(filter(None, title)), "\n".join(filter(None, [*lines, page])), row.template != PushKind.ACKNOWLEDGED
    )
