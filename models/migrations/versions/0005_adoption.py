"""Remember what was there before us: every row (baseline), the tables' shape, and since when we are here (watermark).

The triggers are there already, so nothing can change unseen; reading holds off nobody.
"""

from alembic import op

from models.audit import AUDITED
from models.remembered import REMEMBER_SHAPE, SHAPE_FUNCTION

revision = "0005"
down_revision = "0004"

BASELINE = """
    INSERT INTO escalation.audit_log (actor, table_name, row_id, action, new)
    SELECT 'migration', '{table}', id, 'baseline', escalation.as_jsonb(row_to_json(whole.*))
    FROM public.{table} AS whole"""
WATERMARK = """
    INSERT INTO escalation.settings (key, value) VALUES ('adoption', jsonb_build_object('at', now()))"""


def upgrade() -> None:
    for statement in SHAPE_FUNCTION:
        op.execute(statement)
    op.execute(REMEMBER_SHAPE)
    for table in AUDITED:
        op.execute(BASELINE.format(table=table))
    op.execute(WATERMARK)
