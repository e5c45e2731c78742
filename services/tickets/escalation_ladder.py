"""The ladder: a ticket that nobody has acknowledged in time is sent to the next level, and the mail says so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from rules.delivery import MailTemplate, RecipientState
from rules.foreign_words import known_priority
from rules.ladder import LadderLevel, WaitingTicket, find_next_level
from rules.reasons import Reason, rank
from services.database.encoding import sql_list
from services.database.engine import read_clock
from services.database.unnest import Integer, Unnest
from services.installation import Installation, adopted_at
from services.outbox.push import queue_pushes
from services.outbox.queue import NewMail, queue_mails
from services.tickets.detect_changes import Noticed, notice

_LIMIT = 200
_CHUNK = 500
# ABParts' transactions are short: whatever changed longer ago than this before the last sweep was seen by it.
_OVERLAP_MINUTES = 60

_MAYBE_CHANGED = text("""
    SELECT own.ticket_id FROM escalation.tickets AS own
    JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
    WHERE (own.seen_status NOT IN ('resolved', 'closed') OR own.seen_priority IS NULL)
      AND (own.seen_status, own.seen_assigned, own.seen_priority)
          IS DISTINCT FROM (CAST(shared.status AS text), shared.assigned_expert_id, CAST(shared.priority AS text))
    UNION
    SELECT a.row_id FROM escalation.audit_log AS a
    WHERE a.table_name = 'support_tickets' AND a.action = 'update' AND a.new ->> 'status' NOT IN ('resolved', 'closed')
      AND a.at >= (SELECT coalesce(max(updated_at), '-infinity') - make_interval(mins => :overlap)
                   FROM escalation.settings WHERE key = 'noticed')
""")
_NOTICED = text("""
    INSERT INTO escalation.settings (key, value) VALUES ('noticed', jsonb_build_object('at', now()))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now()
""")
_WAITING = text("""
    SELECT own.ticket_id, own.session_id, own.ticket_number, own.reasons, own.waiting_since,
           CAST(shared.priority AS text) AS priority, told.rung, told.contact, told.sent_at
    FROM escalation.tickets AS own
    JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
    LEFT JOIN LATERAL (
        SELECT r.rung, r.contact, r.sent_at FROM escalation.ticket_rungs AS r
        WHERE r.ticket_id = own.ticket_id AND r.waiting_since = own.waiting_since ORDER BY r.rung DESC LIMIT 1
    ) AS told ON true
    WHERE own.seen_status = 'open' AND shared.status = 'open' AND own.acknowledged_at IS NULL
      AND own.waiting_since >= :adopted AND coalesce(own.snoozed_until <= :now, true)
    ORDER BY own.waiting_since, own.ticket_id
""")
# Whoever has had, or is about to get, a mail about the ticket.
_ASKED = text(f"""
    SELECT m.ticket_id, array_agg(DISTINCT lower(r.address)) AS addresses
    FROM escalation.mails AS m JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    WHERE m.ticket_id = ANY(CAST(:ticket_ids AS text[])) AND m.lane <> 'push' AND m.template <> 'customer_notice'
      AND r.state NOT IN {sql_list(RecipientState.REFUSED, RecipientState.CANCELLED, RecipientState.HELD)}
    GROUP BY m.ticket_id
""")


class _LevelRow(NamedTuple):
    mail_id: UUID
    ticket_id: str
    rung: Integer
    contact: str
    priority: str
    waiting_since: datetime


_LEVEL_ROWS = Unnest(_LevelRow)
_RECORD = text(f"""
    INSERT INTO escalation.ticket_rungs ({_LEVEL_ROWS.columns}, sent_at)
    SELECT {_LEVEL_ROWS.columns}, :now FROM {_LEVEL_ROWS.table}
    ON CONFLICT (mail_id) DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class _DueTicket:
    """A ticket and the level that it goes to now."""

    ticket: RowMapping
    level: LadderLevel

    def mail(self) -> NewMail:
        ticket, level = self.ticket, self.level
        waiting_since = ticket["waiting_since"].isoformat()
        return NewMail(
            cause=(ticket["ticket_id"], waiting_since, str(level.number)),
            template=MailTemplate.TICKET_UNACKNOWLEDGED,
            recipients=(level.contact.email,),
            rank=rank(known_priority(ticket["priority"]), Reason.SAFETY_CONCERN in ticket["reasons"]),
            ticket_id=ticket["ticket_id"],
            session_id=ticket["session_id"],
            content={
                "rung": level.number,
                "contact": level.contact.as_json(),
                "previous": level.previous.as_json(),
                "waiting_since": waiting_since,
                "is_last": level.is_last,
                "asked_before": level.asked_before,
            },
        )


def notice_changes(connection: Connection) -> list[Noticed]:
    """Notice what people did with tickets since the last sweep, by whatever means."""
    changed = list(connection.execute(_MAYBE_CHANGED, {"overlap": _OVERLAP_MINUTES}).scalars())
    noticed = [
        ticket
        for place in range(0, len(changed), _CHUNK)
        for ticket in notice(connection, changed[place : place + _CHUNK])
    ]
    connection.execute(_NOTICED)
    return noticed


def escalate_unacknowledged(connection: Connection, installation: Installation, now: datetime | None = None) -> int:
    """Send every ticket whose time is over to its next level; return how many mails were queued."""
    if installation.settings.mode == "shadow":
        return 0
    notice_changes(connection)
    now = now or read_clock(connection)
    waiting = connection.execute(_WAITING, {"adopted": adopted_at(connection), "now": now}).mappings().all()
    late = [item.ticket for item in islice(_find_due(waiting, {}, installation, now), _LIMIT)]
    due = []
    if late:
        rows = connection.execute(_ASKED, {"ticket_ids": [ticket["ticket_id"] for ticket in late]})
        asked = {row.ticket_id: frozenset(row.addresses) for row in rows}
        due = list(_find_due(late, asked, installation, now))
        _queue(connection, due, installation, now)
    return len(due)


def _find_due(
    tickets: Sequence[RowMapping], asked: Mapping[str, frozenset[str]], installation: Installation, now: datetime
) -> Iterator[_DueTicket]:
    for ticket in tickets:
        waiting = WaitingTicket(
            known_priority(ticket["priority"]),
            ticket["waiting_since"],
            ticket["rung"],
            ticket["sent_at"],
            asked.get(ticket["ticket_id"], frozenset()),
            ticket["contact"],
        )
        if level := find_next_level(installation.contacts, waiting, now):
            yield _DueTicket(ticket, level)


def _queue(connection: Connection, due: Sequence[_DueTicket], installation: Installation, now: datetime) -> None:
    mails = [ticket.mail() for ticket in due]
    queue_mails(connection, mails, installation.message_id_domain)
    queue_pushes(connection, mails, installation)
    rows = [
        _LevelRow(
            mail_id=mail.mail_id,
            ticket_id=item.ticket["ticket_id"],
            rung=item.level.number,
            contact=item.level.contact.key,
            priority=item.ticket["priority"],
            waiting_since=item.ticket["waiting_since"],
        )
        for mail, item in zip(mails, due, strict=True)
    ]
    connection.execute(_RECORD, _LEVEL_ROWS.parameters(rows, now=now))
