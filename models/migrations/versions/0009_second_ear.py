"""Texts that wait for the second ear."""

from alembic import op

revision = "0009"
down_revision = "0008"

STATEMENTS = (
    """
    CREATE TABLE escalation.texts_to_judge (
        event_id uuid PRIMARY KEY,
        doubtful boolean NOT NULL,
        queued_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX texts_to_judge_queued ON escalation.texts_to_judge (doubtful, queued_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
