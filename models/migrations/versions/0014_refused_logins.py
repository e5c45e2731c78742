"""Remember a login that was refused beside connections that go on, so that no other process tries it again."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("ALTER TABLE escalation.mail_accounts ADD COLUMN login_refused_until TIMESTAMPTZ")


def downgrade() -> None:
    op.execute("ALTER TABLE escalation.mail_accounts DROP COLUMN login_refused_until")
