"""Keep texts of people who were erased out of the audit log, also when their rows are changed or deleted afterwards.

No table of ABParts' is touched or locked: the triggers go on calling functions of the same names.
"""

from alembic import op

from models.erased import statements

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for statement in statements():
        op.execute(statement)
