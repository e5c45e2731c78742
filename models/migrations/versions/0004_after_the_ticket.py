"""Keep what happens after a ticket was opened: who acted, who was chased, what the experts think of the triggers."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    # `seen_…` is the row of support_tickets as it was last noticed; `waiting_since` begins the ladder's time.
    """
    ALTER TABLE escalation.tickets
        ADD COLUMN waiting_since TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        ADD COLUMN seen_status TEXT NOT NULL DEFAULT 'open',
        ADD COLUMN seen_assigned TEXT,
        ADD COLUMN seen_priority TEXT,
        ADD COLUMN seen_audit_id BIGINT NOT NULL DEFAULT 0""",
    """
    CREATE INDEX tickets_unfinished ON escalation.tickets (ticket_id)
    WHERE seen_status NOT IN ('resolved', 'closed') OR seen_priority IS NULL""",
    """
    CREATE TABLE escalation.ticket_actions (
        action_id UUID PRIMARY KEY,
        ticket_id TEXT NOT NULL,
        action TEXT NOT NULL,
        actor TEXT NOT NULL,
        details JSONB NOT NULL DEFAULT '{}'::jsonb,
        at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )""",
    "CREATE INDEX ticket_actions_ticket ON escalation.ticket_actions (ticket_id)",
    """
    CREATE TABLE escalation.ticket_rungs (
        mail_id UUID PRIMARY KEY,
        ticket_id TEXT NOT NULL,
        rung INTEGER NOT NULL,
        contact TEXT NOT NULL,
        priority TEXT NOT NULL,
        waiting_since TIMESTAMPTZ NOT NULL,
        sent_at TIMESTAMPTZ NOT NULL
    )""",
    "CREATE INDEX ticket_rungs_ticket ON escalation.ticket_rungs (ticket_id)",
    """
    CREATE TABLE escalation.trigger_verdicts (
        trigger_id TEXT PRIMARY KEY,
        ticket_id TEXT NOT NULL,
        reason TEXT NOT NULL,
        verdict TEXT NOT NULL,
        given_by TEXT NOT NULL,
        given_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )""",
    "CREATE INDEX trigger_verdicts_ticket ON escalation.trigger_verdicts (ticket_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
