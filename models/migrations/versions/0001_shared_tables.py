"""Create the assistant's tables where they are missing; existing ones are adopted as they are."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = {
    "ai_sessions": """
        id VARCHAR PRIMARY KEY,
        user_id VARCHAR NOT NULL,
        machine_id VARCHAR,
        status VARCHAR NOT NULL,
        language VARCHAR NOT NULL,
        created_at TIMESTAMP NOT NULL,
        updated_at TIMESTAMP NOT NULL,
        session_metadata JSON""",
    "ai_messages": """
        id VARCHAR PRIMARY KEY,
        session_id VARCHAR NOT NULL REFERENCES public.ai_sessions (id),
        sender VARCHAR NOT NULL,
        content TEXT NOT NULL,
        message_type VARCHAR NOT NULL,
        language VARCHAR NOT NULL,
        timestamp TIMESTAMP NOT NULL,
        message_metadata JSON""",
    "troubleshooting_steps": """
        id VARCHAR PRIMARY KEY,
        session_id VARCHAR NOT NULL REFERENCES public.ai_sessions (id),
        step_number INTEGER NOT NULL,
        instruction TEXT NOT NULL,
        expected_outcomes JSON,
        user_feedback TEXT,
        completed BOOLEAN NOT NULL,
        success BOOLEAN,
        created_at TIMESTAMP NOT NULL,
        completed_at TIMESTAMP""",
    "support_tickets": """
        id VARCHAR PRIMARY KEY,
        session_id VARCHAR NOT NULL REFERENCES public.ai_sessions (id),
        ticket_number VARCHAR NOT NULL UNIQUE,
        priority VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        escalation_reason TEXT NOT NULL,
        session_summary TEXT NOT NULL,
        machine_context JSON,
        expert_contact_info JSON,
        resolution_notes TEXT,
        assigned_expert_id VARCHAR,
        created_at TIMESTAMP NOT NULL,
        updated_at TIMESTAMP NOT NULL,
        resolved_at TIMESTAMP""",
    "escalation_triggers": """
        id VARCHAR PRIMARY KEY,
        session_id VARCHAR NOT NULL REFERENCES public.ai_sessions (id),
        trigger_type VARCHAR NOT NULL,
        trigger_value DOUBLE PRECISION,
        triggered_at TIMESTAMP NOT NULL,
        escalation_decision VARCHAR NOT NULL,
        decision_reason TEXT""",
}


def upgrade() -> None:
    for name, columns in TABLES.items():
        # CREATE TABLE IF NOT EXISTS wants the right to create tables even where there is nothing to create.
        op.execute(f"""
    DO $create$ BEGIN
        IF to_regclass('public.{name}') IS NULL THEN
            CREATE TABLE public.{name} ({columns}
            );
        END IF;
    END $create$""")
