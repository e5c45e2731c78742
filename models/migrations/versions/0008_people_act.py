"""Let people snooze a ticket, and open the list of tickets by a link that can be revoked."""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    "ALTER TABLE escalation.tickets ADD COLUMN snoozed_until TIMESTAMPTZ",
    """
    CREATE TABLE escalation.team_links (
        link_id UUID PRIMARY KEY,
        name TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        revoked_at TIMESTAMPTZ
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
