"""The outbox: mails, the state of each recipient, every attempt, the accounts that send, and alerts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OwnBase


class Mail(OwnBase):
    """One message; Message-ID and date are fixed here and reused in every attempt."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("mails_ticket", "ticket_id"),
        # What may be part of a storm: the newest of these are counted at each opening.
        Index("mails_opened", "queued_at", postgresql_where=text("template = 'ticket_opened' AND rank > 1")),
    )

    mail_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[str | None]
    session_id: Mapped[str | None]
    template: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="en")
    lane: Mapped[str]
    rank: Mapped[int] = mapped_column(SmallInteger)
    message_id: Mapped[str] = mapped_column(unique=True)
    content: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    published_at: Mapped[datetime | None]
    queued_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    # When the assistant was told that nobody has been reached yet.
    held_at: Mapped[datetime | None]


class MailRecipient(OwnBase):
    """The delivery of one mail to one address.

    States: queued, sending, accepted, deferred, held, refused, unknown, cancelled. Lane `urgent` is rank 0.
    `repeats` counts tries after a lost reply; `short` asks for the short version; `lease_id` is that of the sender.
    """

    __tablename__ = "mail_recipients"
    __table_args__ = (
        Index(
            "mail_recipients_due",
            "rank",
            "queued_at",
            postgresql_where=text("state IN ('queued', 'deferred', 'unknown')"),
        ),
        Index("mail_recipients_mail", "mail_id"),
        # What the sweeps look at, every few seconds, among all that was ever sent.
        Index(
            "mail_recipients_open",
            "state",
            postgresql_where=text("state IN ('queued', 'sending', 'deferred', 'held', 'unknown', 'refused')"),
        ),
        Index("mail_recipients_leased", "leased_until", postgresql_where=text("state = 'sending'")),
    )

    recipient_id: Mapped[UUID] = mapped_column(primary_key=True)
    mail_id: Mapped[UUID] = mapped_column(ForeignKey("escalation.mails.mail_id", ondelete="CASCADE"))
    address: Mapped[str]
    lane: Mapped[str]
    rank: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(server_default="queued")
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    repeats: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    short: Mapped[bool] = mapped_column(server_default=text("false"))
    queued_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    lease_id: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    body_started_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    # When the mail went to the next contact as well, because of this one.
    handed_on_at: Mapped[datetime | None]
    reply_phase: Mapped[str | None]
    reply_class: Mapped[str | None]
    reply: Mapped[str | None]


class DeliveryAttempt(OwnBase):
    """One try to hand one mail to one address: when, how far it got, what the server said."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index("delivery_attempts_recipient", "recipient_id"),)

    attempt_id: Mapped[UUID] = mapped_column(primary_key=True)
    recipient_id: Mapped[UUID] = mapped_column(
        ForeignKey("escalation.mail_recipients.recipient_id", ondelete="CASCADE")
    )
    number: Mapped[int]
    lease_id: Mapped[UUID]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    body_started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    phase: Mapped[str | None]
    code: Mapped[int | None]
    enhanced_code: Mapped[str | None]
    reply: Mapped[str | None]
    reply_class: Mapped[str | None]


class MailAccount(OwnBase):
    """The circuit of an account: closed, open (the queue is held) or trial (one mail may go and close it).

    `unreachable_since`: the server could not be reached; `paused_until`: it asked for a rest; `login_refused_until`:
    until then no further connection is opened beside others.
    """

    __tablename__ = "mail_accounts"

    account: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default="closed")
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    phase: Mapped[str | None]
    reply: Mapped[str | None]
    hint: Mapped[str | None]
    probes: Mapped[int] = mapped_column(server_default=text("0"))
    next_probe_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    unreachable_since: Mapped[datetime | None]
    login_refused_until: Mapped[datetime | None]


class Alert(OwnBase):
    """Something that a person has to look at; at most one open alert a key.

    `tried_at`, `posted_at` and `clear_posted_at` are those of the webhook.
    """

    __tablename__ = "alerts"
    __table_args__ = (Index("alerts_open", "key", unique=True, postgresql_where=text("cleared_at IS NULL")),)

    alert_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    key: Mapped[str]
    summary: Mapped[str]
    hint: Mapped[str | None]
    raised_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    cleared_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    posted_at: Mapped[datetime | None]
    clear_posted_at: Mapped[datetime | None]
