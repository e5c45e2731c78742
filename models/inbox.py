"""What came in: every event once, the state it built up, and what could not be read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OwnBase


class InboxEvent(OwnBase):
    """One event, its decision and the evidence; the event id is the idempotency key."""

    __tablename__ = "event_inbox"
    __table_args__ = (
        Index("event_inbox_session", "session_id"),
        Index("event_inbox_received", "received_at", postgresql_using="brin"),
    )

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    type: Mapped[str]
    occurred_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    payload: Mapped[dict[str, Any]]
    decision: Mapped[str]
    evidence: Mapped[list[Any]]
    policy_version: Mapped[str]
    ticket_id: Mapped[str | None]


class SessionRow(OwnBase):
    """What the rules remember of a session; this row is the session's lock."""

    __tablename__ = "sessions"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str | None]
    machine_id: Mapped[str | None]
    language: Mapped[str | None]
    announced_at: Mapped[datetime | None]
    announced_by: Mapped[UUID | None]
    ended: Mapped[str | None]
    failed_steps: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    status: Mapped[str] = mapped_column(server_default="active")
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class TextToJudge(OwnBase):
    """A text that waits for the second ear; deleted once it is judged.

    `doubtful`: the word lists heard danger and are not sure. When nobody judges it in time, they count after all.
    """

    __tablename__ = "texts_to_judge"
    __table_args__ = (Index("texts_to_judge_queued", "doubtful", "queued_at"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    doubtful: Mapped[bool]
    queued_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class ConfirmationRow(OwnBase):
    """A question to a user: is a human wanted, or is anybody in danger? The answer is yes, no or none (in time)."""

    __tablename__ = "confirmations"
    __table_args__ = (
        Index("confirmations_session", "session_id", "asked_at"),
        Index("confirmations_open", "asked_at", postgresql_where=text("answer IS NULL")),
    )

    confirmation_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    kind: Mapped[str]
    judged_event_id: Mapped[UUID]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class ErasedSession(OwnBase):
    """A session of somebody who was erased on request: the audit log keeps no texts of it (models/erased.py)."""

    __tablename__ = "erased_sessions"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class RejectedEvent(OwnBase):
    """A stream entry that could not be used, whole, so that it can be fixed and replayed."""

    __tablename__ = "rejected_events"
    __table_args__ = (
        # A hash has no limit for what an older version kept as a session's id.
        Index("rejected_events_session", "session_id", postgresql_using="hash"),
        Index("rejected_events_at", "rejected_at"),
    )

    rejected_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[str]
    event_id: Mapped[UUID | None]
    session_id: Mapped[str | None]
    reason: Mapped[str]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    rejected_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    times_seen: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    replayed_at: Mapped[datetime | None]


class Setting(OwnBase):
    """Facts that outlive a process: adoption watermark, circuit, last runs."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
