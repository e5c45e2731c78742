"""Let storms be seen: the newest mails about tickets that are not urgent."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX mails_opened ON escalation.mails (queued_at) WHERE template = 'ticket_opened' AND rank > 1"
    )
