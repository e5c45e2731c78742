"""How the original escalated: within the user's request, each statement a transaction of its own, then the mail.

Kept to what it must have done: reading the session, counting the tickets for the number, ticket, status and trigger
log, and one mail over a new connection. The user's and machine's records, the steps and the conversation, which it read
as well, are left out, and so are TLS and the login at the mail server: all that would only slow it down.
"""

import smtplib
from uuid import uuid4

from sqlalchemy import Connection, text

from bench.letter import letter

SESSIONS = text("""
    INSERT INTO public.ai_sessions (id, user_id, status, language, created_at, updated_at)
    SELECT 'original-' || n, 'user', 'active', 'en', now(), now() FROM generate_series(1, :count) AS n
    RETURNING id
""")
SESSION = text("SELECT id, user_id, machine_id, language, session_metadata FROM public.ai_sessions WHERE id = :session")
COUNT = text("SELECT count(*) FROM public.support_tickets")
TICKET = text("""
    INSERT INTO public.support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
        session_summary, created_at, updated_at)
    VALUES (:id, :session, :number, 'medium', 'open', 'low_confidence', 'summary', now(), now())
""")
STATUS = text("UPDATE public.ai_sessions SET status = 'escalated', updated_at = now() WHERE id = :session")
TRIGGER = text("""
    INSERT INTO public.escalation_triggers (id, session_id, trigger_type, trigger_value, triggered_at,
        escalation_decision)
    VALUES (:id, :session, 'confidence_low', 0.1, now(), 'escalate')
""")


def make_sessions(connection: Connection, count: int) -> list[str]:
    """Sessions that are there before anything goes wrong in them."""
    return list(connection.execute(SESSIONS, {"count": count}).scalars())


def escalate(connection: Connection, session: str, smtp_port: int) -> None:
    """One ticket; the connection commits each statement."""
    connection.execute(SESSION, {"session": session}).one()
    count = connection.execute(COUNT).scalar_one()
    number = f"AB-20260101-{count + 1:06d}"
    connection.execute(TICKET, {"id": str(uuid4()), "session": session, "number": number})
    connection.execute(STATUS, {"session": session})
    connection.execute(TRIGGER, {"id": str(uuid4()), "session": session})
    with smtplib.SMTP("127.0.0.1", smtp_port) as server:
        server.send_message(letter(number))
