"""The outbox: mails are queued in the transaction of what they tell, and delivered later."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from rules.delivery import TICKET_NEWS, Lane, MailTemplate, PushKind
from services.database.encoding import derive_id, derive_text, json_text, sql_list
from services.database.prepared import prepared
from services.database.quick import write
from services.database.unnest import json_array, json_list
from services.outbox.synthetic_sessions import MARK


@dataclass(frozen=True, slots=True)
class NewMail:
    """A message to be: what it is about, how urgent, and to whom.

    `cause` names why it exists and makes its id; `apart_seconds` is the distance kept to the ticket's previous mail.
    """

    cause: tuple[str, ...]
    template: MailTemplate | PushKind
    recipients: tuple[str, ...]
    rank: int
    ticket_id: str | None = None
    session_id: str | None = None
    language: str = "en"
    content: dict[str, Any] = field(default_factory=dict)
    published_at: datetime | None = None
    apart_seconds: float = 0.0
    mail_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mail_id", derive_id("mail", self.template, *self.cause))

    @property
    def lane(self) -> Lane:
        """Safety mail has a lane of its own, and what is no mail."""
        if isinstance(self.template, PushKind):
            return Lane.PUSH
        return Lane.URGENT if self.rank == 0 else Lane.NORMAL


_PLANNED = text("SELECT key, value ->> 'to' AS to FROM escalation.settings WHERE key = ANY(CAST(:keys AS text[]))")
_INSERT_MAILS = prepared(f"""
    INSERT INTO escalation.mails
        (mail_id, ticket_id, session_id, template, language, lane, rank, message_id, content, published_at)
    SELECT * FROM unnest(
        CAST(:mail_ids AS uuid[]), CAST(:ticket_ids AS text[]), CAST(:session_ids AS text[]),
        CAST(:templates AS text[]),
        CAST(:languages AS text[]), CAST(:lanes AS text[]), CAST(:ranks AS smallint[]), CAST(:message_ids AS text[]),
        {json_array("contents")}, CAST(:published AS timestamptz[]))
    ON CONFLICT (mail_id) DO NOTHING
""")
_INSERT_RECIPIENTS = prepared(f"""
    INSERT INTO escalation.mail_recipients (recipient_id, mail_id, address, lane, rank, next_attempt_at)
    SELECT n.recipient_id, n.mail_id, n.address, m.lane, m.rank,
           greatest(clock_timestamp(), CASE WHEN n.wait > 0 THEN earlier.at + make_interval(secs => n.wait) END)
    FROM unnest(
        CAST(:recipient_ids AS uuid[]), CAST(:mail_ids AS uuid[]), CAST(:addresses AS text[]),
        CAST(:waits AS double precision[])) AS n (recipient_id, mail_id, address, wait)
    JOIN escalation.mails AS m ON m.mail_id = n.mail_id
    LEFT JOIN LATERAL (
        SELECT max(o.queued_at) AS at FROM escalation.mails AS o
        WHERE n.wait > 0 AND o.ticket_id = m.ticket_id AND o.mail_id <> m.mail_id
          AND o.template IN {sql_list(*TICKET_NEWS)}
    ) AS earlier ON true
    ON CONFLICT (recipient_id) DO NOTHING
""")


def queue_mails(connection: Connection, mails: Sequence[NewMail], domain: str) -> None:
    """Write mails and their recipients; a repeat writes nothing.

    :param domain: the right side of the Message-ID, fixed here for every attempt (RFC 5322, 3.6.4)
    """
    mails = _redirect_synthetic(connection, mails)
    write(
        connection,
        _INSERT_MAILS,
        {
            "mail_ids": [mail.mail_id for mail in mails],
            "ticket_ids": [mail.ticket_id for mail in mails],
            "session_ids": [mail.session_id for mail in mails],
            "templates": [mail.template for mail in mails],
            "languages": [mail.language for mail in mails],
            "lanes": [mail.lane for mail in mails],
            "ranks": [mail.rank for mail in mails],
            "message_ids": [f"<{mail.mail_id.hex}@{domain}>" for mail in mails],
            "contents": json_list([json_text(mail.content) for mail in mails]),
            "published": [mail.published_at for mail in mails],
        },
    )
    queue_recipients(
        connection, [(mail.mail_id, address, mail.apart_seconds) for mail in mails for address in mail.recipients]
    )


def _redirect_synthetic(connection: Connection, mails: Sequence[NewMail]) -> Sequence[NewMail]:
    """Give mails of planned synthetic sessions their one recipient; without any, the database is not asked."""
    keys = [mail.session_id for mail in mails if mail.session_id and mail.session_id.startswith(MARK)]
    if not keys:
        return mails
    planned = {row.key: row.to for row in connection.execute(_PLANNED, {"keys": keys})}
    return [
        replace(mail, recipients=(planned[mail.session_id],)) if mail.session_id in planned else mail for mail in mails
    ]


def queue_recipients(connection: Connection, recipients: Sequence[tuple[UUID, str, float]]) -> None:
    """Add addresses to mails, each with a distance in seconds to the ticket's previous mail; each has its own state."""
    write(
        connection,
        _INSERT_RECIPIENTS,
        {
            "recipient_ids": [derive_text("recipient", mail_id, address.lower()) for mail_id, address, _ in recipients],
            "mail_ids": [mail_id for mail_id, _, _ in recipients],
            "addresses": [address for _, address, _ in recipients],
            "waits": [apart for _, _, apart in recipients],
        },
    )


_APPEND_NEWS = text("""
    WITH waiting AS (
        SELECT r.mail_id, n.news, n.ticket_id
        FROM unnest(CAST(:ticket_ids AS text[]), CAST(:news AS jsonb[])) AS n (ticket_id, news)
        JOIN escalation.mails AS m ON m.ticket_id = n.ticket_id AND m.template = 'ticket_updated' AND m.lane = 'normal'
        JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
        WHERE r.state = 'queued' AND r.attempts = 0 AND r.next_attempt_at > clock_timestamp()
        FOR UPDATE OF r
    )
    UPDATE escalation.mails AS m
    SET content = jsonb_set(m.content, '{news}', (m.content -> 'news') || w.news)
    FROM (SELECT DISTINCT ON (mail_id) mail_id, news, ticket_id FROM waiting) AS w
    WHERE m.mail_id = w.mail_id
    RETURNING w.ticket_id
""")


def append_news(connection: Connection, news: Sequence[tuple[str, list[dict[str, Any]]]]) -> set[str]:
    """Add news to updates that are still waiting for their time; return the tickets that had one.

    Only mails that are not due yet are touched, under the lock that a sender would need, so nothing is added to a mail
    that is on its way.
    """
    rows = connection.execute(
        _APPEND_NEWS,
        {
            "ticket_ids": [ticket_id for ticket_id, _ in news],
            "news": [json_text(items) for _, items in news],
        },
    )
    return set(rows.scalars())
