"""What happens after a ticket was opened: who acted, who was chased, and what the experts think of the triggers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OwnBase


class TicketAction(OwnBase):
    """Something that a person did with a ticket by the command line, a task or the ticket's page."""

    __tablename__ = "ticket_actions"
    __table_args__ = (Index("ticket_actions_ticket", "ticket_id"),)

    action_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[str]
    action: Mapped[str]
    actor: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class TicketRung(OwnBase):
    """A ticket that nobody had acknowledged was sent to this rung of its ladder, which began at `waiting_since`."""

    __tablename__ = "ticket_rungs"
    __table_args__ = (Index("ticket_rungs_ticket", "ticket_id"),)

    mail_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[str]
    rung: Mapped[int]
    contact: Mapped[str]
    priority: Mapped[str]
    waiting_since: Mapped[datetime]
    sent_at: Mapped[datetime]


class TriggerVerdict(OwnBase):
    """An expert's verdict on a trigger: needed, too_early, too_late or not_needed; the last one given stands."""

    __tablename__ = "trigger_verdicts"
    __table_args__ = (Index("trigger_verdicts_ticket", "ticket_id"),)

    trigger_id: Mapped[str] = mapped_column(primary_key=True)
    ticket_id: Mapped[str]
    reason: Mapped[str]
    verdict: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class TeamLink(OwnBase):
    """A link to the list of open tickets that a team holds; it works until it is revoked."""

    __tablename__ = "team_links"

    link_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    revoked_at: Mapped[datetime | None]
