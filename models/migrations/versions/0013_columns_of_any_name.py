"""Record rows also of tables that have a column with the name of a variable of the functions that record them.

No table of ABParts' is touched or locked: the triggers go on calling functions of the same names.
"""

from alembic import op

from models.audit import function_statements
from models.erased import ANYBODY, QUICKLY_RECORDED, RECORDED

revision = "0013"
down_revision = "0012"

ACTIONS = ("insert", "update", "delete")


def upgrade() -> None:
    for action in ACTIONS:
        for statement in function_statements(action, [QUICKLY_RECORDED, RECORDED], **ANYBODY):
            op.execute(statement)


def downgrade() -> None:
    """The functions of before fail for such tables, and do nothing else differently."""
