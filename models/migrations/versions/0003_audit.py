"""Let the database record every change of tickets, sessions and triggers, whoever makes it.

A transaction of its own: CREATE TRIGGER holds off writers until the commit, so nothing slow may be in it. Once the
triggers are there, nothing may lock the log: they wait 20 ms for it, and then let ABParts go on unrecorded.
"""

from alembic import op

from models.audit import ACTIONS, AS_JSONB, AUDITED, function_statements, trigger_statements
from models.forgetting import FORGET

revision = "0003"
down_revision = "0002"

INDEXES = (
    "CREATE INDEX audit_log_at ON escalation.audit_log USING brin (at)",
    # Finds the tickets of a session without an index on ABParts' table, also those that somebody else opened.
    """
    CREATE INDEX audit_log_session ON escalation.audit_log ((new ->> 'session_id'))
    WHERE table_name = 'support_tickets' AND action IN ('insert', 'baseline')""",
)


def upgrade() -> None:
    for statement in INDEXES:
        op.execute(statement)
    for statement in (*AS_JSONB, *FORGET):
        op.execute(statement)
    for action in ACTIONS:
        for statement in function_statements(action):
            op.execute(statement)
    for table in AUDITED:
        for statement in trigger_statements(table):
            op.execute(statement)
