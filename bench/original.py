"""How a request would escalate by itself: each statement commits alone, then the mail goes out while the user waits."""

import smtplib
from email.message import EmailMessage
from uuid import uuid4

from sqlalchemy import Connection, text

SESSION = text("""
    INSERT INTO public.ai_sessions (id, user_id, status, language, created_at, updated_at)
    VALUES (:session, 'user', 'active', 'en', now(), now())
""")
TICKET = text("""
    INSERT INTO public.support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
        session_summary, created_at, updated_at)
    SELECT :id, :session, 'AB-' || to_char(now(), 'YYYYMMDD') || '-' || to_char(count(*) + 1, 'FM000000'),
        'medium', 'open', 'low_confidence', 'summary', now(), now()
    FROM public.support_tickets
""")
TRIGGER = text("""
    INSERT INTO public.escalation_triggers (id, session_id, trigger_type, trigger_value, triggered_at,
        escalation_decision)
    VALUES (:id, :session, 'confidence_low', 0.1, now(), 'escalate')
""")
STATUS = text("UPDATE public.ai_sessions SET status = 'escalated', updated_at = now() WHERE id = :session")


def escalate(connection: Connection, session: str, smtp_port: int) -> None:
    """One ticket; the connection commits each statement."""
    for statement in (SESSION, TICKET, TRIGGER, STATUS):
        connection.execute(statement, {"id": str(uuid4()), "session": session})
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "a ticket", "desk@example.com", "support@example.com"
    message.set_content(f"Session {session} needs a human.\n")
    with smtplib.SMTP("127.0.0.1", smtp_port) as server:
        server.send_message(message)
