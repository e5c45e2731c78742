"""Recording that a body begins, before it does, and what became of it; only the attempt with the lease counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from rules.delivery import ANSWERABLE, ReplyClass, ServerReply, Transition
from services.database.words import sql_list
from services.outbox.outcomes import NewOutcome, columns_of

_REPLY_LENGTH = 2_000


class LeaseLost(Exception):
    """Somebody else has this mail by now; nothing more may be sent."""


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What became of one recipient's mail."""

    recipient_id: UUID
    answer: ServerReply
    reply_class: ReplyClass
    step: Transition


BODY = text("""
    WITH begun AS (
        UPDATE escalation.mail_recipients SET body_started_at = clock_timestamp()
        WHERE recipient_id = ANY(:recipient_ids) AND lease_id = :lease_id AND state = 'sending'
        RETURNING recipient_id
    ), noted AS (
        UPDATE escalation.delivery_attempts AS a SET body_started_at = clock_timestamp()
        FROM begun WHERE a.recipient_id = begun.recipient_id AND a.lease_id = :lease_id AND a.finished_at IS NULL
    )
    SELECT count(*) FROM begun
""")


def begin_body(connection: Connection, lease_id: UUID, recipient_ids: Sequence[UUID]) -> None:
    """Put on record that the body begins now.

    :raises LeaseLost: somebody else has the mail
    """
    begun = connection.execute(BODY, {"recipient_ids": list(recipient_ids), "lease_id": lease_id}).scalar_one()
    if begun != len(recipient_ids):
        raise LeaseLost


# State `unknown` too: a sender that lost its database meanwhile still knows what the server said.
_RECORD = text(f"""
    WITH result AS (
        SELECT * FROM unnest(
            CAST(:recipient_ids AS uuid[]), CAST(:states AS text[]), CAST(:delays AS double precision[]),
            CAST(:counts AS boolean[]), CAST(:shorts AS boolean[]), CAST(:repeats AS smallint[]),
            CAST(:phases AS text[]), CAST(:codes AS integer[]), CAST(:enhanced AS text[]), CAST(:replies AS text[]),
            CAST(:classes AS text[])
        ) AS r (recipient_id, state, delay, counts, short, repeats, phase, code, enhanced, reply, class)
    ), done AS (
        UPDATE escalation.mail_recipients AS m
        SET state = r.state, attempts = m.attempts - CASE WHEN r.counts THEN 0 ELSE 1 END,
            next_attempt_at = clock_timestamp() + make_interval(secs => r.delay),
            short = r.short, repeats = r.repeats, lease_id = NULL, leased_until = NULL, body_started_at = NULL,
            accepted_at = CASE WHEN r.state = 'accepted' THEN clock_timestamp() END,
            reply_phase = r.phase, reply_class = r.class, reply = r.reply
        FROM result AS r
        WHERE m.recipient_id = r.recipient_id AND m.lease_id = :lease_id AND m.state IN {sql_list(*ANSWERABLE)}
        RETURNING m.recipient_id, m.state
    ), noted AS (
        UPDATE escalation.delivery_attempts AS a
        SET finished_at = clock_timestamp(), phase = r.phase, code = r.code, enhanced_code = r.enhanced,
            reply = r.reply, reply_class = r.class
        FROM done JOIN result AS r ON r.recipient_id = done.recipient_id
        WHERE a.recipient_id = done.recipient_id AND a.lease_id = :lease_id
          AND (a.finished_at IS NULL OR a.reply_class = 'unknown')
          -- A long run may try again what it knows to be unknown: the earlier attempt stays as it was.
          AND a.number = (SELECT max(number) FROM escalation.delivery_attempts AS b
                          WHERE b.recipient_id = a.recipient_id)
    ), told AS (
        INSERT INTO escalation.outcomes (outcome_id, session_id, payload)
        SELECT * FROM unnest(CAST(:outcome_ids AS uuid[]), CAST(:session_ids AS text[]), CAST(:payloads AS jsonb[]))
        WHERE EXISTS (SELECT FROM done WHERE state = 'accepted')
        ON CONFLICT (outcome_id) DO NOTHING
    )
    SELECT state FROM done
""")


def record(
    connection: Connection, lease_id: UUID, results: Sequence[DeliveryResult], acceptance: NewOutcome | None = None
) -> list[str]:
    """Write what became of a mail's recipients, and tell the assistant of its first acceptance; the states written.

    One statement, so that it needs no transaction of its own. Fewer states than results: the lease was lost for the
    others and somebody else decides.
    """
    rows = connection.execute(
        _RECORD,
        {
            "lease_id": lease_id,
            "recipient_ids": [one.recipient_id for one in results],
            "states": [one.step.state for one in results],
            "delays": [one.step.delay for one in results],
            "counts": [one.step.counts for one in results],
            "shorts": [one.step.short for one in results],
            "repeats": [one.step.repeats for one in results],
            "phases": [one.answer.phase.value for one in results],
            "codes": [one.answer.code for one in results],
            "enhanced": [one.answer.enhanced for one in results],
            "replies": [one.answer.kept[:_REPLY_LENGTH] for one in results],
            "classes": [one.reply_class.kind.value for one in results],
            **columns_of([acceptance] if acceptance else []),
        },
    )
    return list(rows.scalars())
