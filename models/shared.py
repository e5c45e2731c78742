"""The assistant's tables in ABParts' database, in the shape that ABParts gives them."""

from sqlalchemy import JSON, Boolean, Column, DateTime, Double, ForeignKey, Integer, String, Table, Text

from models.metadata import SHARED

AiSession = Table(
    "ai_sessions",
    SHARED,
    Column("id", String, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("machine_id", String),
    Column("status", String, nullable=False),
    Column("language", String, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("updated_at", DateTime, nullable=False),
    Column("session_metadata", JSON),
)
AiMessage = Table(
    "ai_messages",
    SHARED,
    Column("id", String, primary_key=True),
    Column("session_id", String, ForeignKey("public.ai_sessions.id"), nullable=False),
    Column("sender", String, nullable=False),
    Column("content", Text, nullable=False),
    Column("message_type", String, nullable=False),
    Column("language", String, nullable=False),
    Column("timestamp", DateTime, nullable=False),
    Column("message_metadata", JSON),
)
TroubleshootingStep = Table(
    "troubleshooting_steps",
    SHARED,
    Column("id", String, primary_key=True),
    Column("session_id", String, ForeignKey("public.ai_sessions.id"), nullable=False),
    Column("step_number", Integer, nullable=False),
    Column("instruction", Text, nullable=False),
    Column("expected_outcomes", JSON),
    Column("user_feedback", Text),
    Column("completed", Boolean, nullable=False),
    Column("success", Boolean),
    Column("created_at", DateTime, nullable=False),
    Column("completed_at", DateTime),
)
SupportTicket = Table(
    "support_tickets",
    SHARED,
    Column("id", String, primary_key=True),
    Column("session_id", String, ForeignKey("public.ai_sessions.id"), nullable=False),
    Column("ticket_number", String, unique=True, nullable=False),
    Column("priority", String, nullable=False),
    Column("status", String, nullable=False),
    Column("escalation_reason", Text, nullable=False),
    Column("session_summary", Text, nullable=False),
    Column("machine_context", JSON),
    Column("expert_contact_info", JSON),
    Column("resolution_notes", Text),
    Column("assigned_expert_id", String),
    Column("created_at", DateTime, nullable=False),
    Column("updated_at", DateTime, nullable=False),
    Column("resolved_at", DateTime),
)
EscalationTrigger = Table(
    "escalation_triggers",
    SHARED,
    Column("id", String, primary_key=True),
    Column("session_id", String, ForeignKey("public.ai_sessions.id"), nullable=False),
    Column("trigger_type", String, nullable=False),
    Column("trigger_value", Double),
    Column("triggered_at", DateTime, nullable=False),
    Column("escalation_decision", String, nullable=False),
    Column("decision_reason", Text),
)
