"""The assistant's tables in ABParts' database, in the shape that ABParts gives them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SharedBase


class AiSession(SharedBase):
    __tablename__ = "ai_sessions"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    machine_id: Mapped[str | None]
    status: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    session_metadata: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class AiMessage(SharedBase):
    __tablename__ = "ai_messages"

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("public.ai_sessions.id"))
    sender: Mapped[str]
    content: Mapped[str] = mapped_column(Text)
    message_type: Mapped[str]
    language: Mapped[str]
    timestamp: Mapped[datetime]
    message_metadata: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class TroubleshootingStep(SharedBase):
    __tablename__ = "troubleshooting_steps"

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("public.ai_sessions.id"))
    step_number: Mapped[int]
    instruction: Mapped[str] = mapped_column(Text)
    expected_outcomes: Mapped[list[Any] | None] = mapped_column(JSON)
    user_feedback: Mapped[str | None] = mapped_column(Text)
    completed: Mapped[bool]
    success: Mapped[bool | None]
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class SupportTicket(SharedBase):
    __tablename__ = "support_tickets"

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("public.ai_sessions.id"))
    ticket_number: Mapped[str] = mapped_column(unique=True)
    priority: Mapped[str]
    status: Mapped[str]
    escalation_reason: Mapped[str] = mapped_column(Text)
    session_summary: Mapped[str] = mapped_column(Text)
    machine_context: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    expert_contact_info: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    resolution_notes: Mapped[str | None] = mapped_column(Text)
    assigned_expert_id: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class EscalationTrigger(SharedBase):
    __tablename__ = "escalation_triggers"

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("public.ai_sessions.id"))
    trigger_type: Mapped[str]
    trigger_value: Mapped[float | None]
    triggered_at: Mapped[datetime]
    escalation_decision: Mapped[str]
    decision_reason: Mapped[str | None] = mapped_column(Text)
