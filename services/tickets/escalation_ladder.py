"""The ladder: a ticket that nobody has acknowledged in time is sent to the next rung, and the mail says so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from rules.delivery import MailTemplate
from rules.ladder import Rung, next_rung
from rules.reasons import PRIORITIES, rank
from services.installation import Installation, adopted_at
from services.outbox.models import NewMail
from services.outbox.queue import queue_mails
from services.tickets.detect_changes import Noticed, notice

_LIMIT = 200
_CHUNK = 500
# ABParts' transactions are short: whatever changed longer ago than this before the last sweep was seen by it.
_OVERLAP_MINUTES = 60

UNFINISHED = text("""
    SELECT own.ticket_id FROM escalation.tickets AS own
    JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
    WHERE (own.seen_status NOT IN ('resolved', 'closed') OR own.seen_priority IS NULL)
      AND (own.seen_status, own.seen_assigned, own.seen_priority)
          IS DISTINCT FROM (CAST(shared.status AS text), shared.assigned_expert_id, CAST(shared.priority AS text))
    UNION
    SELECT a.row_id FROM escalation.audit_log AS a
    WHERE a.table_name = 'support_tickets' AND a.action = 'update' AND a.new ->> 'status' IN ('open', 'in_progress')
      AND a.at >= (SELECT coalesce(max(updated_at), '-infinity') - make_interval(mins => :overlap)
                   FROM escalation.settings WHERE key = 'noticed')
""")
_NOTICED = text("""
    INSERT INTO escalation.settings (key, value) VALUES ('noticed', jsonb_build_object('at', now()))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now()
""")
_WAITING = text("""
    SELECT own.ticket_id, own.session_id, own.ticket_number, own.reasons, own.waiting_since,
           CAST(shared.priority AS text) AS priority, told.rung, told.sent_at
    FROM escalation.tickets AS own
    JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
    LEFT JOIN LATERAL (
        SELECT r.rung, r.sent_at FROM escalation.ticket_rungs AS r
        WHERE r.ticket_id = own.ticket_id AND r.waiting_since = own.waiting_since ORDER BY r.rung DESC LIMIT 1
    ) AS told ON true
    WHERE own.seen_status = 'open' AND shared.status = 'open' AND own.acknowledged_at IS NULL
      AND own.waiting_since >= :adopted
    ORDER BY own.waiting_since, own.ticket_id
""")
_KEEP = text("""
    INSERT INTO escalation.ticket_rungs (mail_id, ticket_id, rung, contact, priority, waiting_since, sent_at)
    SELECT n.*, :now
    FROM unnest(CAST(:mail_ids AS uuid[]), CAST(:ticket_ids AS text[]), CAST(:rungs AS integer[]),
                CAST(:contacts AS text[]), CAST(:priorities AS text[]), CAST(:waiting AS timestamptz[])) AS n
    ON CONFLICT (mail_id) DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class _Due:
    """A ticket and the rung that it goes to now."""

    ticket: RowMapping
    rung: Rung

    @property
    def rank(self) -> int:
        return rank(_priority_of(self.ticket), "safety_concern" in self.ticket["reasons"])

    def mail(self) -> NewMail:
        ticket, rung = self.ticket, self.rung
        return NewMail(
            cause=(ticket["ticket_id"], ticket["waiting_since"].isoformat(), str(rung.number)),
            template=MailTemplate.TICKET_UNACKNOWLEDGED,
            recipients=(rung.contact.email,),
            rank=self.rank,
            ticket_id=ticket["ticket_id"],
            session_id=ticket["session_id"],
            content=self.content(),
        )

    def content(self) -> dict[str, Any]:
        """What the mail says of the chase: this rung, who was asked before, and how long nobody has answered."""
        return {
            "rung": self.rung.number,
            "contact": self.rung.contact.as_json(),
            "previous": self.rung.previous.as_json(),
            "waiting_since": self.ticket["waiting_since"].isoformat(),
            "is_last": self.rung.is_last,
        }


def notice_changes(connection: Connection) -> list[Noticed]:
    """Notice what people did with tickets since the last sweep, by whatever means."""
    changed = list(connection.execute(UNFINISHED, {"overlap": _OVERLAP_MINUTES}).scalars())
    noticed = [
        one for place in range(0, len(changed), _CHUNK) for one in notice(connection, changed[place : place + _CHUNK])
    ]
    connection.execute(_NOTICED)
    return noticed


def chase(connection: Connection, installation: Installation, now: datetime | None = None) -> int:
    """Send every ticket whose time is over to its next rung; return how many mails were queued."""
    if installation.settings.mode == "shadow":
        return 0
    notice_changes(connection)
    waiting = connection.execute(_WAITING, {"adopted": adopted_at(connection)}).mappings().all()
    now = now or datetime.now(UTC)
    due = list(_due_of(waiting, installation, now))[:_LIMIT]
    if due:
        queue(connection, due, installation, now)
    return len(due)


def _due_of(waiting: Sequence[RowMapping], installation: Installation, now: datetime) -> Iterator[_Due]:
    for ticket in waiting:
        rung = next_rung(
            installation.contacts,
            priority=_priority_of(ticket),
            opened_at=ticket["waiting_since"],
            last_rung=ticket["rung"],
            last_sent_at=ticket["sent_at"],
            acknowledged=False,
            now=now,
        )
        if rung is not None:
            yield _Due(ticket, rung)


def _priority_of(ticket: RowMapping) -> str:
    """The row's own; another writer may have made one up."""
    return ticket["priority"] if ticket["priority"] in PRIORITIES else "medium"


def queue(connection: Connection, due: Sequence[_Due], installation: Installation, now: datetime) -> None:
    mails = [one.mail() for one in due]
    queue_mails(connection, mails, installation.message_id_domain)
    connection.execute(
        _KEEP,
        {
            "mail_ids": [str(mail.mail_id) for mail in mails],
            "ticket_ids": [mail.ticket_id for mail in mails],
            "rungs": [one.rung.number for one in due],
            "contacts": [one.rung.contact.key for one in due],
            "priorities": [one.ticket["priority"] for one in due],
            "waiting": [one.ticket["waiting_since"] for one in due],
            "now": now,
        },
    )
