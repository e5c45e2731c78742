"""What we know of a ticket beyond ABParts' row, and the counter of its numbers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OwnBase


class Ticket(OwnBase):
    """Reasons, earlier ticket and acknowledgement; open or not is read from `support_tickets.status`."""

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("session_id", "ordinal", name="tickets_session_ordinal"),
        Index(
            "tickets_unfinished",
            "ticket_id",
            postgresql_where=text("seen_status NOT IN ('resolved', 'closed') OR seen_priority IS NULL"),
        ),
    )

    ticket_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    ordinal: Mapped[int]
    ticket_number: Mapped[str]
    priority: Mapped[str]
    reasons: Mapped[dict[str, Any]]
    earlier_ticket_id: Mapped[str | None]
    adopted: Mapped[bool] = mapped_column(server_default=text("false"))
    opened_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    # The ladder's time begins here; the rest is ABParts' row as it was last noticed.
    waiting_since: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    # Until then nobody else is reminded of it.
    snoozed_until: Mapped[datetime | None]
    seen_status: Mapped[str] = mapped_column(server_default="open")
    seen_assigned: Mapped[str | None]
    seen_priority: Mapped[str | None]
    seen_audit_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class TicketCounter(OwnBase):
    """The last number given on a day."""

    __tablename__ = "ticket_counters"

    day: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[int]


class AuditEntry(OwnBase):
    """A change of a shared table, written by the database itself, whoever made it."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("audit_log_row", "table_name", "row_id"),
        Index(
            "audit_log_session",
            text("(new ->> 'session_id')"),
            postgresql_where=text("table_name = 'support_tickets' AND action IN ('insert', 'baseline')"),
        ),
        Index("audit_log_at", "at", postgresql_using="brin"),
    )

    audit_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    actor: Mapped[str]
    table_name: Mapped[str]
    row_id: Mapped[str | None]
    action: Mapped[str]
    old: Mapped[dict[str, Any] | None]
    new: Mapped[dict[str, Any] | None]


class OutcomeRow(OwnBase):
    """What the assistant is to be told; leaves for Redis after the commit, marked when it has."""

    __tablename__ = "outcomes"
    __table_args__ = (Index("outcomes_waiting", "position", postgresql_where=text("published_at IS NULL")),)

    outcome_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    session_id: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    published_at: Mapped[datetime | None]
