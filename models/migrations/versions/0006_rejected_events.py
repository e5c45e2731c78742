"""Find the events that were set aside of a session, or lately, also when there are very many."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    "CREATE INDEX rejected_events_session ON escalation.rejected_events USING hash (session_id)",
    "CREATE INDEX rejected_events_at ON escalation.rejected_events (rejected_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
