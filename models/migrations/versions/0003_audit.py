"""Let the database record every change of tickets, sessions and triggers, whoever makes it.

A transaction of its own: CREATE TRIGGER holds off writers until the commit, so nothing slow may be in it.
"""

from alembic import op

from models.audit import ACTIONS, AS_JSONB, AUDITED, function_statements, trigger_statements

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for statement in AS_JSONB:
        op.execute(statement)
    for action in ACTIONS:
        for statement in function_statements(action):
            op.execute(statement)
    for table in AUDITED:
        for statement in trigger_statements(table):
            op.execute(statement)
