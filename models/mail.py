"""The outbox: mails, the state of each recipient, and every attempt."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OwnBase


class Mail(OwnBase):
    """One message; Message-ID and date are fixed here and reused in every attempt."""

    __tablename__ = "mails"
    __table_args__ = (Index("mails_ticket", "ticket_id"),)

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


class MailRecipient(OwnBase):
    """The delivery of one mail to one address.

    States: queued, sending, accepted, deferred, held, refused, unknown, cancelled.
    """

    __tablename__ = "mail_recipients"
    __table_args__ = (
        Index(
            "mail_recipients_due",
            "lane",
            "rank",
            "queued_at",
            postgresql_where=text("state IN ('queued', 'deferred')"),
        ),
        Index("mail_recipients_mail", "mail_id"),
        Index("mail_recipients_leased", "leased_until", postgresql_where=text("state = 'sending'")),
    )

    recipient_id: Mapped[UUID] = mapped_column(primary_key=True)
    mail_id: Mapped[UUID] = mapped_column(ForeignKey("escalation.mails.mail_id", ondelete="CASCADE"))
    address: Mapped[str]
    lane: Mapped[str]
    rank: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(server_default="queued")
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    queued_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    lease_id: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    body_started_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
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
