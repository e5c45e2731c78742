"""A database in which much has happened already, filled set by set."""

from contextlib import closing

import psycopg2

from bench.mix import mixed
from bench.rows import inbox_rows

# One session and one resolved ticket with its accepted mail for ten events.
EVENTS_A_TICKET = 10
SAMPLE = 200

SESSIONS = """
    INSERT INTO escalation.sessions (session_id, user_id, language, status)
    SELECT 'stored-' || n, 'user-' || n %% 1000, 'en', 'escalated' FROM generate_series(1, %(tickets)s) AS n"""
EVENTS = """
    INSERT INTO escalation.event_inbox
        (event_id, session_id, type, occurred_at, published_at, received_at, payload, decision, evidence,
         policy_version)
    SELECT gen_random_uuid(), 'stored-' || 1 + n %% %(tickets)s, s.type, at, at, at, s.payload, 'continue', s.evidence,
           'stored'
    FROM generate_series(1, %(events)s) AS n
    JOIN unnest(CAST(%(types)s AS text[]), CAST(%(payloads)s AS jsonb[]), CAST(%(evidence)s AS jsonb[]))
        WITH ORDINALITY AS s (type, payload, evidence, place) ON s.place = 1 + n %% %(sample)s,
    LATERAL (SELECT now() - interval '30 days' + n * interval '1 second' AS at) AS t"""
ABPARTS = (
    """
    INSERT INTO public.ai_sessions (id, user_id, status, language, created_at, updated_at)
    SELECT 'stored-' || n, 'user-' || n %% 1000, 'escalated', 'en', now(), now()
    FROM generate_series(1, %(tickets)s) AS n""",
    """
    INSERT INTO public.support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
        session_summary, machine_context, expert_contact_info, created_at, updated_at, resolved_at)
    SELECT 'ticket-' || n, 'stored-' || n, 'AB-20200101-' || n, 'medium', 'resolved', 'low_confidence',
        repeat('a line of the summary ', 30), '{}', '{"primary_contact": {"name": "Support"}}', now(), now(), now()
    FROM generate_series(1, %(tickets)s) AS n""",
    """
    INSERT INTO public.escalation_triggers (id, session_id, trigger_type, trigger_value, triggered_at,
        escalation_decision)
    SELECT 'trigger-' || n, 'stored-' || n, 'confidence_low', 0.1, now(), 'escalate'
    FROM generate_series(1, %(tickets)s) AS n""",
)
OURS = (
    """
    INSERT INTO escalation.tickets (ticket_id, session_id, ordinal, ticket_number, priority, reasons, acknowledged_at,
        seen_status)
    SELECT 'ticket-' || n, 'stored-' || n, 1, 'AB-20200101-' || n, 'medium', '{"low_confidence": {}}', now(), 'resolved'
    FROM generate_series(1, %(tickets)s) AS n""",
    """
    INSERT INTO escalation.mails (mail_id, ticket_id, session_id, template, lane, rank, message_id, published_at)
    SELECT md5('mail' || n)::uuid, 'ticket-' || n, 'stored-' || n, 'ticket_opened', 'normal', 2,
        '<' || n || '@example.com>', now()
    FROM generate_series(1, %(tickets)s) AS n""",
    """
    INSERT INTO escalation.mail_recipients (recipient_id, mail_id, address, lane, rank, state, attempts, accepted_at)
    SELECT md5('recipient' || n)::uuid, md5('mail' || n)::uuid, 'support@example.com', 'normal', 2, 'accepted', 1, now()
    FROM generate_series(1, %(tickets)s) AS n""",
    """
    INSERT INTO escalation.delivery_attempts (attempt_id, recipient_id, number, lease_id, finished_at, phase, code,
        reply_class)
    SELECT gen_random_uuid(), md5('recipient' || n)::uuid, 1, gen_random_uuid(), now(), 'dot', 250, 'accepted'
    FROM generate_series(1, %(tickets)s) AS n""",
    """
    INSERT INTO escalation.outcomes (outcome_id, session_id, payload, published_at)
    SELECT gen_random_uuid(), 'stored-' || n, '{"type": "ticket.opened"}', now()
    FROM generate_series(1, %(tickets)s) AS n""",
)


def fill(url: str, events: int) -> None:
    """Store so many events and a tenth as many tickets, and let PostgreSQL look at them."""
    rows = inbox_rows(mixed(SAMPLE))
    values = {
        "events": events,
        "tickets": events // EVENTS_A_TICKET,
        "sample": SAMPLE,
        "types": [row[2] for row in rows],
        "payloads": [row[5] for row in rows],
        "evidence": [row[7] for row in rows],
    }
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in (SESSIONS, EVENTS, *ABPARTS, *OURS):
                cursor.execute(statement, values)
            # Without, autovacuum would do it in the midst of the measurement.
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
