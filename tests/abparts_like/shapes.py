"""The three shapes in which ABParts' database is found: as its models say, as production is, and as it was before."""

from collections.abc import Sequence
from enum import StrEnum


class Shape(StrEnum):
    """MODELS lacks columns that ABParts' own code writes, so that steps and ends cannot be stored there."""

    MODELS = "models"
    PRODUCTION = "production"
    OLDER = "older"


_SESSIONS = """CREATE TABLE ai_sessions (id VARCHAR PRIMARY KEY, user_id VARCHAR NOT NULL, machine_id VARCHAR,
    status VARCHAR NOT NULL, language VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    session_metadata JSON)"""
_MESSAGES = """CREATE TABLE ai_messages (id VARCHAR PRIMARY KEY,
    session_id VARCHAR NOT NULL REFERENCES ai_sessions (id), sender VARCHAR NOT NULL, content TEXT NOT NULL,
    message_type VARCHAR NOT NULL, language VARCHAR NOT NULL, timestamp TIMESTAMP NOT NULL, message_metadata JSON)"""
_STEPS = """CREATE TABLE troubleshooting_steps (id VARCHAR PRIMARY KEY,
    session_id VARCHAR NOT NULL REFERENCES ai_sessions (id), step_number INTEGER NOT NULL, instruction TEXT NOT NULL,
    expected_outcomes JSON, user_feedback TEXT, completed BOOLEAN NOT NULL, success BOOLEAN,
    created_at TIMESTAMP NOT NULL, completed_at TIMESTAMP)"""
_TICKETS = """CREATE TABLE support_tickets (id VARCHAR PRIMARY KEY,
    session_id VARCHAR NOT NULL REFERENCES ai_sessions (id), ticket_number VARCHAR NOT NULL UNIQUE,
    priority VARCHAR NOT NULL, status VARCHAR NOT NULL, escalation_reason TEXT NOT NULL, session_summary TEXT NOT NULL,
    machine_context JSON, expert_contact_info JSON, resolution_notes TEXT, assigned_expert_id VARCHAR,
    created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, resolved_at TIMESTAMP)"""
_TRIGGERS = """CREATE TABLE escalation_triggers (id VARCHAR PRIMARY KEY,
    session_id VARCHAR NOT NULL REFERENCES ai_sessions (id), trigger_type VARCHAR NOT NULL, trigger_value FLOAT,
    triggered_at TIMESTAMP NOT NULL, escalation_decision VARCHAR NOT NULL, decision_reason TEXT)"""
_LATER_COLUMNS = (
    "ALTER TABLE ai_sessions ADD problem_description TEXT, ADD resolution_summary TEXT",
    """ALTER TABLE troubleshooting_steps ADD updated_at TIMESTAMP NOT NULL DEFAULT now(),
       ALTER id SET DEFAULT gen_random_uuid()::text""",
    "CREATE TABLE session_outcomes (id VARCHAR PRIMARY KEY, session_id VARCHAR NOT NULL REFERENCES ai_sessions (id))",
)
# Written for the older sessions: the same tables with a key of the other type.
_TICKETS_OF_OLDER, _TRIGGERS_OF_OLDER = (
    table.replace("session_id VARCHAR", "session_id UUID").replace("ai_sessions (id)", "ai_sessions (session_id)")
    for table in (_TICKETS, _TRIGGERS)
)
_OLDER = (
    "CREATE TYPE sessionstatus AS ENUM ('active', 'completed', 'escalated', 'abandoned')",
    "CREATE TYPE messagesender AS ENUM ('user', 'assistant', 'system')",
    "CREATE TYPE messagetype AS ENUM ('text', 'voice', 'image', 'diagnostic_step', 'escalation')",
    """CREATE TABLE ai_sessions (session_id UUID PRIMARY KEY DEFAULT gen_random_uuid(), user_id UUID NOT NULL,
       machine_id UUID, status sessionstatus NOT NULL DEFAULT 'active', problem_description TEXT,
       resolution_summary TEXT, session_metadata JSON, language VARCHAR(5) NOT NULL DEFAULT 'en',
       created_at TIMESTAMPTZ NOT NULL DEFAULT now(), updated_at TIMESTAMPTZ NOT NULL DEFAULT now())""",
    """CREATE TABLE ai_messages (message_id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
       session_id UUID NOT NULL REFERENCES ai_sessions (session_id), sender messagesender NOT NULL,
       content TEXT NOT NULL, message_type messagetype NOT NULL DEFAULT 'text',
       language VARCHAR(5) NOT NULL DEFAULT 'en',
       message_metadata JSON, is_encrypted BOOLEAN NOT NULL DEFAULT false, retention_expires_at TIMESTAMPTZ,
       created_at TIMESTAMPTZ NOT NULL DEFAULT now())""",
    """CREATE TABLE troubleshooting_steps (step_id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
       session_id UUID NOT NULL REFERENCES ai_sessions (session_id), step_number INTEGER NOT NULL,
       instruction TEXT NOT NULL, user_feedback TEXT, completed BOOLEAN NOT NULL DEFAULT false, success BOOLEAN,
       created_at TIMESTAMPTZ NOT NULL DEFAULT now(), updated_at TIMESTAMPTZ NOT NULL DEFAULT now())""",
    """INSERT INTO ai_sessions (session_id, user_id)
       VALUES ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002')""",
    """INSERT INTO ai_messages (session_id, sender, content)
       VALUES ('00000000-0000-4000-8000-000000000001', 'user', 'said before')""",
)
_TODAY = (_SESSIONS, _MESSAGES, _STEPS, _TICKETS, _TRIGGERS)
STATEMENTS: dict[Shape, Sequence[str]] = {
    Shape.MODELS: _TODAY,
    Shape.PRODUCTION: (*_TODAY, *_LATER_COLUMNS),
    # Before the worker is switched on an operator runs `db check --sql` and the script that it prints.
    Shape.OLDER: (*_OLDER, _TICKETS_OF_OLDER, _TRIGGERS_OF_OLDER),
}
