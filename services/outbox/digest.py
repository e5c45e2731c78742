"""Digests: in a storm further tickets are mailed together. Each keeps a mail of its own, which goes out if the digest
does not: nobody is told less, and the assistant hears of each ticket what is true of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from rules.delivery import MailTemplate
from rules.storm import find_likely_cause, may_be_bundled, select_bundled
from services.database.engine import read_clock
from services.installation import Installation
from services.outbox.customer_notice import tell_customers
from services.outbox.outcomes import acceptances, queue_outcomes
from services.outbox.queue import NewMail, queue_mails
from services.outbox.synthetic_sessions import MARK

# So long after its digest a ticket's own mail is due: time for the digest to be accepted, or not.
_GRACE = timedelta(minutes=10)
_MOST_TICKETS = 100

_RECENT = text("""
    SELECT c.key, c.value, count(*) AS tickets
    FROM escalation.mails AS m, LATERAL jsonb_each_text(m.content -> 'causes') AS c
    WHERE m.template = 'ticket_opened' AND m.rank > 1 AND m.queued_at > clock_timestamp() - make_interval(secs => :secs)
    GROUP BY c.key, c.value
""")
_HOLD_BACK = text("""
    WITH marked AS (
        UPDATE escalation.mails SET content = content || '{"bundled": true}'
        WHERE mail_id = ANY(CAST(:mail_ids AS uuid[])) RETURNING mail_id
    )
    UPDATE escalation.mail_recipients AS r SET next_attempt_at = clock_timestamp() + make_interval(secs => :secs)
    FROM marked WHERE r.mail_id = marked.mail_id
""")


def bundle_in_storm(connection: Connection, mails: Sequence[NewMail], installation: Installation) -> set[str]:
    """Hold back those of some opening mails that belong to a storm, until the digest; return their ids."""
    policy = installation.policy
    candidates = [
        (str(mail.mail_id), causes)
        for mail in mails
        if may_be_bundled(mail.rank, causes := mail.content.get("causes", {}))
        and not (mail.session_id or "").startswith(MARK)
    ]
    if not candidates or not policy.storm_tickets:
        return set()
    rows = connection.execute(_RECENT, {"secs": policy.storm_minutes * 60}).all()
    # These mails stand in the outbox already: they are counted one after the other instead.
    recent = {(row.key, row.value): row.tickets for row in rows}
    for _, causes in candidates:
        for cause in causes.items():
            recent[cause] = recent.get(cause, 1) - 1
    bundled = select_bundled(candidates, recent, policy)
    if bundled:
        wait = timedelta(minutes=policy.storm_digest_minutes) + _GRACE
        connection.execute(_HOLD_BACK, {"mail_ids": sorted(bundled), "secs": wait.total_seconds()})
    return bundled


_WAITING = text("""
    SELECT m.mail_id, m.ticket_id, m.queued_at, m.content -> 'causes' AS causes, own.ticket_number, own.reasons,
           coalesce(CAST(shared.priority AS text), own.priority) AS priority,
           array_agg(r.address ORDER BY r.address) AS addresses
    FROM escalation.mail_recipients AS r
    JOIN escalation.mails AS m ON m.mail_id = r.mail_id
    JOIN escalation.tickets AS own ON own.ticket_id = m.ticket_id
    LEFT JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
    WHERE r.state = 'queued' AND r.attempts = 0 AND m.content ? 'bundled' AND NOT m.content ? 'digest'
    GROUP BY m.mail_id, own.ticket_id, shared.id, shared.priority
    ORDER BY m.queued_at, m.mail_id
""")
_BIND = text("""
    WITH bound AS (
        UPDATE escalation.mails SET content = content || jsonb_build_object('digest', CAST(:digest AS text))
        WHERE mail_id = ANY(CAST(:mail_ids AS uuid[])) RETURNING mail_id
    )
    UPDATE escalation.mail_recipients AS r SET next_attempt_at = clock_timestamp() + make_interval(secs => :secs)
    FROM bound WHERE r.mail_id = bound.mail_id AND r.state = 'queued' AND r.attempts = 0
""")
_SEND_ALONE = text("""
    UPDATE escalation.mail_recipients SET next_attempt_at = clock_timestamp()
    WHERE mail_id = CAST(:mail_id AS uuid) AND state = 'queued' AND attempts = 0
""")


def queue_digests(connection: Connection, installation: Installation, now: datetime | None = None) -> int:
    """Queue a digest for each group of readers whose oldest ticket has waited for its time; return how many."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for row in connection.execute(_WAITING):
        groups.setdefault(tuple(row.addresses), []).append(row)
    wait, now = timedelta(minutes=installation.policy.storm_digest_minutes), now or read_clock(connection)
    queued = 0
    for addresses, rows in groups.items():
        if now - rows[0].queued_at < wait:
            continue
        if len(rows) == 1:
            connection.execute(_SEND_ALONE, {"mail_id": rows[0].mail_id})
            continue
        for start in range(0, len(rows), _MOST_TICKETS):
            _queue_digest(connection, addresses, rows[start : start + _MOST_TICKETS], installation)
            queued += 1
    return queued


def _queue_digest(
    connection: Connection, addresses: tuple[str, ...], rows: Sequence[Any], installation: Installation
) -> None:
    cause = find_likely_cause(row.causes for row in rows)
    digest = NewMail(
        cause=tuple(str(row.mail_id) for row in rows),
        template=MailTemplate.TICKET_DIGEST,
        recipients=addresses,
        rank=2,
        content={
            "cause": {"kind": cause[0], "value": cause[1], "count": cause[2]} if cause else None,
            "since": rows[0].queued_at.isoformat(),
            "tickets": [
                {
                    "ticket_id": row.ticket_id,
                    "number": row.ticket_number,
                    "priority": row.priority,
                    "reasons": list(row.reasons),
                    "causes": row.causes,
                    "at": row.queued_at.isoformat(),
                }
                for row in rows
            ],
        },
    )
    queue_mails(connection, [digest], installation.message_id_domain)
    mail_ids = [str(row.mail_id) for row in rows]
    parameters = {"digest": str(digest.mail_id), "mail_ids": mail_ids, "secs": _GRACE.total_seconds()}
    connection.execute(_BIND, parameters)


_SETTLE = text("""
    UPDATE escalation.mail_recipients AS r
    SET state = 'accepted', accepted_at = d.accepted_at, reply_class = 'accepted', reply_phase = d.reply_phase,
        reply = 'accepted with the digest'
    FROM escalation.mails AS m, escalation.mail_recipients AS d
    WHERE r.state = 'queued' AND r.attempts = 0 AND m.mail_id = r.mail_id AND m.content ? 'digest'
      AND d.mail_id = CAST(m.content ->> 'digest' AS uuid) AND d.address = r.address AND d.state = 'accepted'
    RETURNING r.mail_id
""")


def settle_digests(connection: Connection, installation: Installation) -> int:
    """Record for each ticket of a digest that was accepted that its mail was, and tell; return how many recipients."""
    settled = list(connection.execute(_SETTLE).scalars())
    mail_ids: list[UUID] = list(dict.fromkeys(settled))
    if mail_ids:
        queue_outcomes(connection, list(acceptances(connection, mail_ids).values()))
        if installation.settings.customer_notice:
            tell_customers(connection, mail_ids, installation)
    return len(settled)


_TICKETS = text("SELECT content -> 'tickets' AS tickets FROM escalation.mails WHERE mail_id = :mail_id")


def list_tickets_of_digest(connection: Connection, mail_id: UUID) -> list[str]:
    """The ids of the tickets that a digest told of; none when there is no such digest."""
    tickets = connection.execute(_TICKETS, {"mail_id": mail_id}).scalar() or []
    return [ticket["ticket_id"] for ticket in tickets]
