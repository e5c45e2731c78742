"""ABParts' own models of the tables that it shares with us, as its migration tool knows them."""

from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Float, ForeignKey, Integer, MetaData, String, Table, Text

METADATA = MetaData()


def key() -> Column[Any]:
    return Column("id", String, primary_key=True, index=True)


def session(nullable: bool = False) -> Column[Any]:
    return Column("session_id", String, ForeignKey("ai_sessions.id"), nullable=nullable, index=True)


def word(name: str, default: str, **options: Any) -> Column[Any]:
    return Column(name, String, nullable=False, default=default, **options)


def moment(name: str, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime, nullable=nullable)


Table(
    "ai_sessions", METADATA, key(),
    Column("user_id", String, nullable=False, index=True), Column("machine_id", String, index=True),
    word("status", "active", index=True), word("language", "en"),
    moment("created_at"), moment("updated_at"), Column("session_metadata", JSON),
)  # fmt: skip
Table(
    "ai_messages", METADATA, key(), session(), Column("sender", String, nullable=False),
    Column("content", Text, nullable=False), word("message_type", "text"), word("language", "en"),
    moment("timestamp"), Column("message_metadata", JSON),
)  # fmt: skip
Table(
    "troubleshooting_steps", METADATA, key(), session(), Column("step_number", Integer, nullable=False),
    Column("instruction", Text, nullable=False), Column("expected_outcomes", JSON), Column("user_feedback", Text),
    Column("completed", Boolean, nullable=False, default=False), Column("success", Boolean),
    moment("created_at"), moment("completed_at", nullable=True),
)  # fmt: skip
Table(
    "support_tickets", METADATA, key(), session(),
    Column("ticket_number", String, nullable=False, unique=True, index=True), word("priority", "medium", index=True),
    word("status", "open", index=True), Column("escalation_reason", Text, nullable=False),
    Column("session_summary", Text, nullable=False), Column("machine_context", JSON),
    Column("expert_contact_info", JSON), Column("resolution_notes", Text), Column("assigned_expert_id", String),
    moment("created_at"), moment("updated_at"), moment("resolved_at", nullable=True),
)  # fmt: skip
Table(
    "escalation_triggers", METADATA, key(), session(), Column("trigger_type", String, nullable=False),
    Column("trigger_value", Float), moment("triggered_at"), Column("escalation_decision", String, nullable=False),
    Column("decision_reason", Text),
)  # fmt: skip
# Two of the tables that also refer to sessions and tickets.
Table("expert_feedback", METADATA, key(), session(), Column("rating", Integer))
Table(
    "support_cases", METADATA, key(), session(nullable=True),
    Column("ticket_id", String, ForeignKey("support_tickets.id"), index=True),
)  # fmt: skip
