"""Claiming: which mails this sender may hand over now. One short transaction; the gravest first, then the oldest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from rules.delivery import CLAIMABLE, Lane
from services.database.encoding import sql_list
from services.database.prepared import prepared
from services.database.quick import fetch
from services.delivery.lease import LEASE_SECONDS


@dataclass(frozen=True, slots=True)
class _ClaimedRecipient:
    """One address of a claimed mail; `attempts` counts this one."""

    recipient_id: UUID
    address: str
    attempts: int
    repeats: int


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail and those of its addresses that are due, for one conversation with the server."""

    mail_id: UUID
    urgent: bool
    short: bool
    recipients: tuple[_ClaimedRecipient, ...]
    event_id: UUID | None = None
    session_id: str | None = None
    ticket_number: str | None = None

    @property
    def trace(self) -> dict[str, str | None]:
        """For each line of the log about this mail: what it is about, by ids."""
        return {
            "mail_id": str(self.mail_id),
            "event_id": str(self.event_id) if self.event_id else None,
            "session_id": self.session_id,
            "ticket": self.ticket_number,
        }

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(recipient.address for recipient in self.recipients)

    @property
    def recipient_ids(self) -> list[UUID]:
        return [recipient.recipient_id for recipient in self.recipients]


# A mail's other due addresses come along even beyond the limit: one mail is one conversation. Arrays rather than joins:
# a plan made once does not know the limit, and would read all that waits in order to join it. The commit need not wait
# for the disk: no body begins before a later one that does, and a claim that PostgreSQL loses in a crash leaves its
# mails due (its manual, "Asynchronous Commit").
_CLAIM = prepared(f"""
    WITH due AS MATERIALIZED (
        SELECT recipient_id, mail_id, short FROM escalation.mail_recipients
        WHERE state IN {sql_list(*CLAIMABLE)} AND next_attempt_at <= clock_timestamp()
          AND lane = ANY(CAST(:lanes AS text[]))
        ORDER BY rank, queued_at, recipient_id LIMIT CAST(:limit AS bigint)
        FOR UPDATE SKIP LOCKED
    ), along AS MATERIALIZED (
        SELECT r.recipient_id FROM escalation.mail_recipients AS r
        WHERE r.mail_id = ANY(ARRAY(SELECT mail_id FROM due)) AND r.state IN {sql_list(*CLAIMABLE)}
          AND r.next_attempt_at <= clock_timestamp()
        FOR UPDATE SKIP LOCKED
    ), leased AS (
        UPDATE escalation.mail_recipients AS r
        SET state = 'sending', lease_id = CAST(:lease_id AS uuid), attempts = r.attempts + 1, body_started_at = NULL,
            leased_until = clock_timestamp() + make_interval(secs => :seconds)
        WHERE r.recipient_id = ANY(ARRAY(SELECT recipient_id FROM due UNION SELECT recipient_id FROM along))
        RETURNING r.recipient_id, r.mail_id, r.address, r.rank, r.queued_at, r.attempts, r.repeats, r.short
    ), noted AS (
        INSERT INTO escalation.delivery_attempts (attempt_id, recipient_id, number, lease_id)
        SELECT gen_random_uuid(), recipient_id, 1 + (
            SELECT count(*) FROM escalation.delivery_attempts AS a WHERE a.recipient_id = leased.recipient_id
        ), CAST(:lease_id AS uuid)
        FROM leased
    )
    SELECT l.recipient_id, l.mail_id, l.address, l.rank, l.attempts, l.repeats, l.short, m.session_id, t.ticket_number,
           (SELECT i.event_id FROM escalation.event_inbox AS i
            WHERE i.session_id = m.session_id AND i.ticket_id = m.ticket_id
            ORDER BY i.received_at, i.event_id LIMIT 1) AS event_id,
           set_config('synchronous_commit', 'off', true)
    FROM leased AS l JOIN escalation.mails AS m ON m.mail_id = l.mail_id
    LEFT JOIN escalation.tickets AS t ON t.ticket_id = m.ticket_id
    ORDER BY l.rank, min(l.queued_at) OVER (PARTITION BY l.mail_id, l.short), l.mail_id, l.short, l.recipient_id
""")


def claim(connection: Connection, lease_id: UUID, lanes: Sequence[Lane], limit: int) -> list[ClaimedMail]:
    """Lease up to about `limit` mails that are due; nobody else gets them until they are recorded or the lease ends."""
    parameters = {"lease_id": str(lease_id), "lanes": list(lanes), "limit": limit, "seconds": LEASE_SECONDS}
    rows = fetch(connection, _CLAIM, parameters)
    return [_make_mail(list(group)) for _, group in groupby(rows, key=lambda row: (row["mail_id"], row["short"]))]


def _make_mail(rows: Sequence[Any]) -> ClaimedMail:
    recipients = tuple(
        _ClaimedRecipient(row["recipient_id"], row["address"], row["attempts"], row["repeats"]) for row in rows
    )
    first = rows[0]
    return ClaimedMail(
        first["mail_id"],
        first["rank"] == 0,
        first["short"],
        recipients,
        first["event_id"],
        first["session_id"],
        first["ticket_number"],
    )


_RELEASE = text("""
    WITH released AS (
        UPDATE escalation.mail_recipients
        SET state = CASE WHEN repeats > 0 THEN 'unknown' WHEN attempts > 1 THEN 'deferred' ELSE 'queued' END,
            attempts = attempts - 1, lease_id = NULL, leased_until = NULL
        WHERE recipient_id = ANY(:recipient_ids) AND lease_id = :lease_id AND state = 'sending'
        RETURNING recipient_id
    )
    DELETE FROM escalation.delivery_attempts AS a USING released
    WHERE a.recipient_id = released.recipient_id AND a.lease_id = :lease_id AND a.finished_at IS NULL
""")


def release(connection: Connection, lease_id: UUID, mails: Iterable[ClaimedMail]) -> None:
    """Give mails back untried, as they were; they are due at once."""
    ids = [recipient_id for mail in mails for recipient_id in mail.recipient_ids]
    connection.execute(_RELEASE, {"recipient_ids": ids, "lease_id": lease_id})


_SAFETY_WAITS = text(f"""
    SELECT EXISTS (
        SELECT FROM escalation.mail_recipients
        WHERE rank = 0 AND lane = 'urgent' AND (state = 'sending' OR state IN {sql_list(*CLAIMABLE)}
                            AND next_attempt_at <= clock_timestamp())
    )
""")


def safety_waits(connection: Connection) -> bool:
    """Whether safety mail is due or on its way."""
    return bool(connection.execute(_SAFETY_WAITS).scalar_one())
