"""Times that PostgreSQL can hold and Python cannot, in the assistant's own tables, cost neither ticket nor mail."""

import pytest
from sqlalchemy import Connection, text

from config.settings import Settings
from services.history.shadow_report import compare
from services.installation import get_installation
from services.mail import compose
from services.tickets.queries import list_tickets, show_ticket
from tests.events import at, message
from tests.services.escalated import escalate
from tests.services.records import SESSION, store_message, store_session, store_step

TIMES = {
    "ai_sessions": ("created_at", "updated_at"),
    "ai_messages": ("timestamp",),
    "troubleshooting_steps": ("created_at", "completed_at"),
}
MAILS = text("SELECT mail_id FROM escalation.mails WHERE template = 'ticket_opened'")
OTHER_TICKET = text("""
    INSERT INTO support_tickets (id, session_id, ticket_number, priority, status, escalation_reason, session_summary,
        created_at, updated_at, resolved_at)
    VALUES ('theirs', :session, 'AB-20260101-0001', 'low', 'resolved', 'Their own', '', :never, :never, :never)
""")


@pytest.mark.parametrize("never", ["20266-01-01", "infinity", "-infinity", "0044-03-15 BC", "9999-12-31 23:59:59"])
def test_what_happened_at_no_time_of_the_calendar_is_told_all_the_same(
    seeded: Connection, settings: Settings, never: str
) -> None:
    store_session(seeded)
    store_message(seeded, "stored", "The pump makes a noise", 1)
    store_step(seeded, 1, 2, instruction="Check the oil", completed=True)
    for table, columns in TIMES.items():
        changes = ", ".join(f"{column} = CAST(:never AS timestamp)" for column in columns)
        seeded.execute(text(f"UPDATE {table} SET {changes}"), {"never": never})
    seeded.execute(OTHER_TICKET, {"session": SESSION, "never": never})
    escalate(seeded, [message(SESSION, "There is smoke from the cabinet", 3)])
    (mail_id,) = seeded.execute(MAILS).scalars()
    mail = compose(seeded, [mail_id], short=False)[mail_id].message.decode("ascii", "replace")
    for words in ("The pump makes a noise", "Check the oil", "There is smoke from the cabinet"):
        assert words in mail
    # Their own ticket's time, wherever it is shown.
    assert [ticket["ticket_number"] for ticket in list_tickets(seeded, ["resolved"], 9)] == ["AB-20260101-0001"]
    assert show_ticket(seeded, "AB-20260101-0001")["summary"] == ""
    assert compare(seeded, at(0), get_installation().policy).sessions
