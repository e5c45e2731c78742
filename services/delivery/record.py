"""Recording that bodies begin, before they do, and what became of mails; only the attempt with the lease counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from rules.delivery import ANSWERABLE, CLAIMABLE, Phase, RecipientState, ReplyClass, ReplyKind, ServerReply, Transition
from services.database.encoding import json_text, sql_list
from services.database.unnest import Integer, Jsonb, SmallInteger, Unnest, Uuid
from services.outbox.outcomes import NewOutcome

_REPLY_LENGTH: Final = 2_000
BEGUN: Final = "begun"
SAFETY_WAITS: Final = "safety waits"


class LeaseLost(Exception):
    """Somebody else has this mail by now; nothing more may be sent."""


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What became of one recipient's mail."""

    recipient_id: UUID
    answer: ServerReply
    reply_class: ReplyClass
    step: Transition


@dataclass(frozen=True, slots=True)
class AttemptedMail:
    """A mail that was handed over: what came of each recipient, and what an acceptance tells the assistant."""

    mail_id: UUID
    results: Sequence[DeliveryResult]
    acceptance: NewOutcome | None = None


class _ResultRow(NamedTuple):
    recipient_id: UUID
    state: RecipientState
    delay: float
    counts: bool
    short: bool
    repeats: SmallInteger
    phase: Phase
    code: Integer | None
    enhanced: str | None
    reply: str
    reply_class: ReplyKind


class _OutcomeRow(NamedTuple):
    outcome_id: Uuid
    mail_id: UUID
    session_id: str | None
    payload: Jsonb


_RESULTS: Final = Unnest(_ResultRow, "r")
_OUTCOMES: Final = Unnest(_OutcomeRow, "o")
# One statement for all that a sender records, so that it needs no transaction of its own. State `unknown` takes an
# answer too: a sender that lost its database meanwhile still knows what the server said.
WAVE: Final = f"""
    WITH begun AS (
        UPDATE escalation.mail_recipients SET body_started_at = clock_timestamp()
        WHERE recipient_id = ANY(CAST(:begins AS uuid[])) AND lease_id = CAST(:lease_id AS uuid) AND state = 'sending'
        RETURNING recipient_id
    ), begun_attempts AS (
        UPDATE escalation.delivery_attempts AS a SET body_started_at = clock_timestamp()
        FROM begun
        WHERE a.recipient_id = begun.recipient_id AND a.lease_id = CAST(:lease_id AS uuid) AND a.finished_at IS NULL
    ), result AS (
        SELECT * FROM {_RESULTS.table}
    ), done AS (
        UPDATE escalation.mail_recipients AS m
        SET state = r.state, attempts = m.attempts - CASE WHEN r.counts THEN 0 ELSE 1 END,
            next_attempt_at = clock_timestamp() + make_interval(secs => r.delay),
            short = r.short, repeats = r.repeats, lease_id = NULL, leased_until = NULL, body_started_at = NULL,
            accepted_at = CASE WHEN r.state = 'accepted' THEN clock_timestamp() END,
            reply_phase = r.phase, reply_class = r.reply_class, reply = r.reply
        FROM result AS r
        WHERE m.recipient_id = r.recipient_id AND m.lease_id = CAST(:lease_id AS uuid)
          AND m.state IN {sql_list(*ANSWERABLE)}
        RETURNING m.recipient_id, m.mail_id, m.state
    ), finished_attempts AS (
        UPDATE escalation.delivery_attempts AS a
        SET finished_at = clock_timestamp(), phase = r.phase, code = r.code, enhanced_code = r.enhanced,
            reply = r.reply, reply_class = r.reply_class
        FROM done JOIN result AS r ON r.recipient_id = done.recipient_id
        WHERE a.recipient_id = done.recipient_id AND a.lease_id = CAST(:lease_id AS uuid)
          AND (a.finished_at IS NULL OR a.reply_class = 'unknown')
          -- A long run may try again what it knows to be unknown: the earlier attempt stays as it was.
          AND a.number = (SELECT max(number) FROM escalation.delivery_attempts AS b
                          WHERE b.recipient_id = a.recipient_id)
    ), told AS (
        INSERT INTO escalation.outcomes (outcome_id, session_id, payload)
        SELECT o.outcome_id, o.session_id, o.payload FROM {_OUTCOMES.table}
        WHERE o.mail_id IN (SELECT mail_id FROM done WHERE state = 'accepted')
        ON CONFLICT (outcome_id) DO NOTHING
    )
    SELECT CAST(recipient_id AS text), '{BEGUN}' FROM begun
    UNION ALL SELECT CAST(recipient_id AS text), state FROM done
    UNION ALL SELECT '{SAFETY_WAITS}', '' WHERE CAST(:ask_for_safety AS boolean) AND EXISTS (
        SELECT FROM escalation.mail_recipients
        WHERE rank = 0 AND lane = 'urgent' AND state IN {sql_list(*CLAIMABLE)} AND next_attempt_at <= clock_timestamp())
"""
_WAVE: Final = text(WAVE)


def wave_parameters(
    lease_id: UUID, begins: Sequence[UUID], mails: Sequence[AttemptedMail], *, ask_for_safety: bool = False
) -> dict[str, Any]:
    """The parameters of WAVE: whose body begins, and what became of mails.

    Its rows are recipients as text with `begun` or their new state; one says that safety mail is due, where asked.
    """
    now = datetime.now(UTC)
    results = [_result_row(result) for mail in mails for result in mail.results]
    outcomes = [
        _OutcomeRow(told.outcome_id, mail.mail_id, told.session_id, json_text(told.payload(now)))
        for mail in mails
        if (told := mail.acceptance)
    ]
    return {
        "lease_id": str(lease_id),
        "begins": [str(recipient_id) for recipient_id in begins],
        "ask_for_safety": ask_for_safety,
        **_RESULTS.parameters(results),
        **_OUTCOMES.parameters(outcomes),
    }


def _result_row(result: DeliveryResult) -> _ResultRow:
    answer, step = result.answer, result.step
    return _ResultRow(
        recipient_id=result.recipient_id,
        state=step.state,
        delay=step.delay,
        counts=step.counts,
        short=step.short,
        repeats=step.repeats,
        phase=answer.phase,
        code=answer.code,
        enhanced=answer.enhanced,
        reply=answer.kept[:_REPLY_LENGTH],
        reply_class=result.reply_class.kind,
    )


def begin_body(connection: Connection, lease_id: UUID, recipient_ids: Sequence[UUID]) -> None:
    """Put on record that the body begins now.

    :raises LeaseLost: somebody else has the mail
    """
    begun = connection.execute(_WAVE, wave_parameters(lease_id, recipient_ids, [])).all()
    if len(begun) != len(recipient_ids):
        raise LeaseLost


def record(connection: Connection, lease_id: UUID, mail: AttemptedMail) -> list[str]:
    """Write what became of a mail's recipients, and tell the assistant of its first acceptance; the states written.

    Fewer states than results: the lease was lost for the others and somebody else decides.
    """
    return [state for _, state in connection.execute(_WAVE, wave_parameters(lease_id, [], [mail]))]
