"""Create the worker's own tables."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    """
    CREATE TABLE escalation.event_inbox (
        event_id UUID PRIMARY KEY,
        session_id TEXT NOT NULL,
        type TEXT NOT NULL,
        occurred_at TIMESTAMPTZ NOT NULL,
        published_at TIMESTAMPTZ,
        received_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        payload JSONB NOT NULL,
        decision TEXT NOT NULL,
        evidence JSONB NOT NULL,
        policy_version TEXT NOT NULL,
        ticket_id TEXT
    )""",
    "CREATE INDEX event_inbox_session ON escalation.event_inbox (session_id)",
    "CREATE INDEX event_inbox_received ON escalation.event_inbox USING brin (received_at)",
    """
    CREATE TABLE escalation.sessions (
        session_id TEXT PRIMARY KEY,
        user_id TEXT,
        machine_id TEXT,
        language TEXT,
        announced_at TIMESTAMPTZ,
        announced_by UUID,
        ended TEXT,
        failed_steps JSONB NOT NULL DEFAULT '{}'::jsonb,
        status TEXT NOT NULL DEFAULT 'active',
        created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    ) WITH (fillfactor = 80)""",
    """
    CREATE TABLE escalation.rejected_events (
        rejected_id UUID PRIMARY KEY,
        entry_id TEXT NOT NULL,
        event_id UUID,
        session_id TEXT,
        reason TEXT NOT NULL,
        payload BYTEA NOT NULL,
        rejected_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        times_seen BIGINT NOT NULL DEFAULT 1,
        replayed_at TIMESTAMPTZ
    )""",
    """
    CREATE TABLE escalation.settings (
        key TEXT PRIMARY KEY,
        value JSONB NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )""",
    """
    CREATE TABLE escalation.tickets (
        ticket_id TEXT PRIMARY KEY,
        session_id TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        ticket_number TEXT NOT NULL,
        priority TEXT NOT NULL,
        reasons JSONB NOT NULL,
        earlier_ticket_id TEXT,
        adopted BOOLEAN NOT NULL DEFAULT false,
        opened_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        acknowledged_at TIMESTAMPTZ,
        acknowledged_by TEXT,
        CONSTRAINT tickets_session_ordinal UNIQUE (session_id, ordinal)
    )""",
    "CREATE TABLE escalation.ticket_counters (day DATE PRIMARY KEY, last INTEGER NOT NULL)",
    """
    CREATE TABLE escalation.audit_log (
        audit_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        actor TEXT NOT NULL,
        table_name TEXT NOT NULL,
        row_id TEXT,
        action TEXT NOT NULL,
        old JSONB,
        new JSONB
    )""",
    "CREATE INDEX audit_log_row ON escalation.audit_log (table_name, row_id)",
    """
    CREATE TABLE escalation.outcomes (
        outcome_id UUID PRIMARY KEY,
        position BIGINT GENERATED ALWAYS AS IDENTITY,
        session_id TEXT,
        payload JSONB NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        published_at TIMESTAMPTZ
    )""",
    "CREATE INDEX outcomes_waiting ON escalation.outcomes (position) WHERE published_at IS NULL",
    """
    CREATE TABLE escalation.mails (
        mail_id UUID PRIMARY KEY,
        ticket_id TEXT,
        session_id TEXT,
        template TEXT NOT NULL,
        language TEXT NOT NULL DEFAULT 'en',
        lane TEXT NOT NULL,
        rank SMALLINT NOT NULL,
        message_id TEXT NOT NULL UNIQUE,
        content JSONB NOT NULL DEFAULT '{}'::jsonb,
        published_at TIMESTAMPTZ,
        queued_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        held_at TIMESTAMPTZ
    )""",
    "CREATE INDEX mails_ticket ON escalation.mails (ticket_id)",
    """
    CREATE TABLE escalation.mail_recipients (
        recipient_id UUID PRIMARY KEY,
        mail_id UUID NOT NULL REFERENCES escalation.mails (mail_id) ON DELETE CASCADE,
        address TEXT NOT NULL,
        lane TEXT NOT NULL,
        rank SMALLINT NOT NULL,
        state TEXT NOT NULL DEFAULT 'queued',
        attempts INTEGER NOT NULL DEFAULT 0,
        repeats SMALLINT NOT NULL DEFAULT 0,
        short BOOLEAN NOT NULL DEFAULT false,
        queued_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        next_attempt_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        lease_id UUID,
        leased_until TIMESTAMPTZ,
        body_started_at TIMESTAMPTZ,
        accepted_at TIMESTAMPTZ,
        handed_on_at TIMESTAMPTZ,
        reply_phase TEXT,
        reply_class TEXT,
        reply TEXT
    )""",
    """
    CREATE INDEX mail_recipients_due ON escalation.mail_recipients (rank, queued_at)
    WHERE state IN ('queued', 'deferred', 'unknown')""",
    "CREATE INDEX mail_recipients_mail ON escalation.mail_recipients (mail_id)",
    """
    CREATE INDEX mail_recipients_open ON escalation.mail_recipients (state)
    WHERE state IN ('queued', 'sending', 'deferred', 'held', 'unknown', 'refused')""",
    "CREATE INDEX mail_recipients_leased ON escalation.mail_recipients (leased_until) WHERE state = 'sending'",
    """
    CREATE TABLE escalation.delivery_attempts (
        attempt_id UUID PRIMARY KEY,
        recipient_id UUID NOT NULL REFERENCES escalation.mail_recipients (recipient_id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        lease_id UUID NOT NULL,
        started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        body_started_at TIMESTAMPTZ,
        finished_at TIMESTAMPTZ,
        phase TEXT,
        code INTEGER,
        enhanced_code TEXT,
        reply TEXT,
        reply_class TEXT
    )""",
    "CREATE INDEX delivery_attempts_recipient ON escalation.delivery_attempts (recipient_id)",
    """
    CREATE TABLE escalation.mail_accounts (
        account TEXT PRIMARY KEY,
        state TEXT NOT NULL DEFAULT 'closed',
        opened_at TIMESTAMPTZ,
        closed_at TIMESTAMPTZ,
        phase TEXT,
        reply TEXT,
        hint TEXT,
        probes INTEGER NOT NULL DEFAULT 0,
        next_probe_at TIMESTAMPTZ,
        paused_until TIMESTAMPTZ,
        unreachable_since TIMESTAMPTZ
    )""",
    """
    CREATE TABLE escalation.alerts (
        alert_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        key TEXT NOT NULL,
        summary TEXT NOT NULL,
        hint TEXT,
        raised_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        cleared_at TIMESTAMPTZ,
        tried_at TIMESTAMPTZ,
        posted_at TIMESTAMPTZ,
        clear_posted_at TIMESTAMPTZ
    )""",
    "CREATE UNIQUE INDEX alerts_open ON escalation.alerts (key) WHERE cleared_at IS NULL",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
