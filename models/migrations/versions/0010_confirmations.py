"""Questions put to users whose texts perhaps ask for a human, or perhaps tell of danger."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = (
    """
    CREATE TABLE escalation.confirmations (
        confirmation_id uuid PRIMARY KEY,
        session_id text NOT NULL,
        kind text NOT NULL,
        judged_event_id uuid NOT NULL,
        asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        answer text,
        answered_at timestamptz
    )
    """,
    "CREATE INDEX confirmations_session ON escalation.confirmations (session_id, asked_at)",
    "CREATE INDEX confirmations_open ON escalation.confirmations (asked_at) WHERE answer IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
