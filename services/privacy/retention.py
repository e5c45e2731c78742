"""How long what is kept: a policy for each table, carried out in small steps that hold nobody up."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine, TextClause, text

from config.settings import Settings

STEP = 1_000


@dataclass(frozen=True, slots=True)
class _RetentionRule:
    """One thing to forget: `statement` treats at most :step rows that are older than :age and counts them."""

    name: str
    age: timedelta
    statement: TextClause


def _deletion(table: str, key: str, older: str, unless: str = "true") -> TextClause:
    return text(f"""
        DELETE FROM escalation.{table} WHERE {key} IN (
            SELECT {key} FROM escalation.{table} AS o
            WHERE {older} < clock_timestamp() - CAST(:age AS interval) AND {unless} LIMIT :step FOR UPDATE SKIP LOCKED)
    """)


# The id, the type and the decision stay, so that a repeat does not count and the statistics hold.
_TEXTS = text("""
    UPDATE escalation.event_inbox SET payload = '{}', evidence = '[]' WHERE event_id IN (
        SELECT event_id FROM escalation.event_inbox
        WHERE received_at < clock_timestamp() - CAST(:age AS interval) AND payload <> '{}'
        LIMIT :step FOR UPDATE SKIP LOCKED)
""")
# Mails stay as facts (a ticket had one); whom they went to and what they said goes.
_MAILS = text("""
    WITH old AS (
        SELECT mail_id FROM escalation.mails AS m
        WHERE queued_at < clock_timestamp() - CAST(:age AS interval)
          AND EXISTS (SELECT FROM escalation.mail_recipients AS r
                      WHERE r.mail_id = m.mail_id AND r.address <> 'forgotten')
          AND NOT EXISTS (SELECT FROM escalation.mail_recipients AS r WHERE r.mail_id = m.mail_id
                          AND r.state NOT IN ('accepted', 'refused', 'cancelled'))
        LIMIT :step FOR UPDATE SKIP LOCKED
    ), people AS (
        UPDATE escalation.mail_recipients SET address = 'forgotten', reply = NULL
        WHERE mail_id IN (SELECT mail_id FROM old)
    )
    UPDATE escalation.mails SET content = '{}' WHERE mail_id IN (SELECT mail_id FROM old)
""")
# The worker's role may not touch the log itself; what this function lets go is never the last that is known of a row.
_AUDIT = text("SELECT escalation.forget_audit(CAST(:age AS interval), :step)")


def _policies(settings: Settings) -> list[_RetentionRule]:
    """All of them."""
    texts, ids, audit = (
        timedelta(days=days)
        for days in (settings.keep_payload_days, settings.keep_event_days, settings.keep_audit_days)
    )
    return [
        _RetentionRule("texts of events", texts, _TEXTS),
        _RetentionRule("texts and addresses of mails", texts, _MAILS),
        _RetentionRule(
            "attempts", texts, _deletion("delivery_attempts", "attempt_id", "started_at", "finished_at IS NOT NULL")
        ),
        _RetentionRule("events set aside", texts, _deletion("rejected_events", "rejected_id", "rejected_at")),
        _RetentionRule("outcomes", texts, _deletion("outcomes", "outcome_id", "published_at")),
        _RetentionRule("confirmations", texts, _deletion("confirmations", "confirmation_id", "asked_at")),
        _RetentionRule("alerts", texts, _deletion("alerts", "alert_id", "cleared_at")),
        _RetentionRule("event ids", ids, _deletion("event_inbox", "event_id", "received_at")),
        _RetentionRule("sessions", ids, _deletion("sessions", "session_id", "created_at", _NOBODY_NEEDS)),
        _RetentionRule("actions on tickets", audit, _deletion("ticket_actions", "action_id", "at")),
        _RetentionRule("audit log", audit, _AUDIT),
    ]


_NOBODY_NEEDS = """NOT EXISTS (SELECT FROM escalation.event_inbox AS i WHERE i.session_id = o.session_id)
    AND NOT EXISTS (SELECT FROM escalation.tickets AS t WHERE t.session_id = o.session_id)"""


def _take_steps(connection: Connection, policy: _RetentionRule) -> Iterator[int]:
    """Rows treated, step by step, until a step finds fewer than it may; the caller commits after each."""
    while True:
        parameters = {"age": policy.age, "step": STEP}
        count = connection.execute(policy.statement, parameters).rowcount
        yield count
        if count < STEP:
            return


def keep(engine: Engine, settings: Settings, seconds: float) -> dict[str, int]:
    """Forget what is old for at most so many seconds; rows by policy. Each step is committed by itself."""
    deadline = time.monotonic() + seconds
    done: dict[str, int] = {}
    for policy in _policies(settings):
        done[policy.name] = 0
        with engine.connect() as connection:
            for count in _take_steps(connection, policy):
                connection.commit()
                done[policy.name] += count
                if time.monotonic() > deadline:
                    return done
    return done
