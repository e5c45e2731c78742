"""Questions to users: asked once an hour for the same thing, answered by their next words, and what silence means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import Event, InvalidEvent, TextJudged, encode
from escalation_client.events.wire import event_of, uuid_of
from rules.confirmation import Answer, OpenConfirmation, answer_in, apply_answer, find_question
from rules.decision import Decision, Examined
from rules.triggers import KIND_REASON
from services.database.encoding import derive_id, json_text
from services.database.unnest import Jsonb, Unnest
from services.events.stream import EVENTS
from services.installation import Installation
from services.outbox.outcomes import NewOutcome, queue_outcomes
from services.tickets.update import foreign_tickets

logger = structlog.get_logger()

_BySession = Mapping[str, list[Examined]]

# The newest question of a session is the one that its user answers.
_OPEN = text("""
    SELECT DISTINCT ON (c.session_id) c.confirmation_id, c.session_id, c.kind, i.occurred_at,
           coalesce(i.evidence -> 0, '{}') AS heard
    FROM escalation.confirmations AS c JOIN escalation.event_inbox AS i ON i.event_id = c.judged_event_id
    WHERE c.session_id = ANY(CAST(:session_ids AS text[])) AND c.answer IS NULL
      AND c.asked_at > clock_timestamp() - make_interval(secs => :seconds)
    ORDER BY c.session_id, c.asked_at DESC
""")


class _AnswerRow(NamedTuple):
    confirmation_id: UUID
    answer: str
    event_id: UUID
    evidence: Jsonb


_ANSWER_ROWS = Unnest(_AnswerRow)
_ANSWERED = text(f"""
    WITH answered AS (
        UPDATE escalation.confirmations AS c SET answer = n.answer, answered_at = clock_timestamp()
        FROM {_ANSWER_ROWS.table} WHERE c.confirmation_id = n.confirmation_id
    )
    UPDATE escalation.event_inbox AS i SET evidence = i.evidence || n.evidence
    FROM {_ANSWER_ROWS.table} WHERE i.event_id = n.event_id
""")


def read_answers(
    connection: Connection, by_session: _BySession, installation: Installation
) -> dict[str, list[Examined]]:
    """The events, where some of them answer an open question with what that means; their sessions are locked."""
    answers = {
        examined.event.id: answer
        for events in by_session.values()
        for examined in events
        if (answer := answer_in(examined.event, installation.lexicon))
    }
    if not answers:
        return dict(by_session)
    asked = [session for session, events in by_session.items() if any(each.event.id in answers for each in events)]
    parameters = {"session_ids": asked, "seconds": installation.policy.answer_seconds}
    questions = {row.session_id: OpenConfirmation(*row) for row in connection.execute(_OPEN, parameters)}
    return dict(by_session) | dict(_answer_all(connection, by_session, questions, answers))


def _answer_all(
    connection: Connection,
    by_session: _BySession,
    questions: Mapping[str, OpenConfirmation],
    answers: Mapping[UUID, str],
) -> Iterator[tuple[str, list[Examined]]]:
    """The sessions whose question is answered: by the first event that does, of those after the text in question."""
    rows = []
    for session_id, question in questions.items():
        events = sorted(by_session[session_id], key=lambda each: (each.event.occurred_at, each.event.id))
        later = (each for each in events if each.event.id in answers and each.event.occurred_at > question.text_at)
        if (found := next(later, None)) is None:
            continue
        told = apply_answer(found, question, answers[found.event.id])
        evidence = json_text([told.signals[-1].as_evidence()])
        rows.append(_AnswerRow(question.confirmation_id, answers[found.event.id], found.event.id, evidence))
        yield session_id, [told if each is found else each for each in events]
    if rows:
        connection.execute(_ANSWERED, _ANSWER_ROWS.parameters(rows))


class _QuestionRow(NamedTuple):
    confirmation_id: UUID
    session_id: str
    kind: str
    judged_event_id: UUID


_QUESTION_ROWS = Unnest(_QuestionRow)
# While the user is asked about danger, nothing else is asked.
_ASK = text(f"""
    INSERT INTO escalation.confirmations ({_QUESTION_ROWS.columns})
    SELECT {_QUESTION_ROWS.columns} FROM {_QUESTION_ROWS.table}
    WHERE NOT EXISTS (
        SELECT FROM escalation.confirmations AS c
        WHERE c.session_id = n.session_id AND c.asked_at > clock_timestamp() - interval '1 hour'
          AND (c.kind = n.kind OR c.kind = 'danger' AND c.answer IS NULL))
    ON CONFLICT (confirmation_id) DO NOTHING
    RETURNING confirmation_id
""")


def ask(
    connection: Connection, decisions: Sequence[Decision], by_session: _BySession, installation: Installation
) -> int:
    """Queue an outcome for each question that is to be asked now; their number."""
    questions = {
        decision.state.session_id: (decision, judged)
        for decision in decisions
        if (judged := find_question(decision, by_session[decision.state.session_id], installation.policy))
    }
    if not questions:
        return 0
    for session_id in foreign_tickets(connection, list(questions)):
        del questions[session_id]
    rows = [
        _QuestionRow(derive_id("confirmation", judged.id), session_id, judged.kind, judged.id)
        for session_id, (_, judged) in questions.items()
    ]
    asked = set(connection.execute(_ASK, _QUESTION_ROWS.parameters(rows)).scalars())
    outcomes = [_as_outcome(*questions[row.session_id]) for row in rows if row.confirmation_id in asked]
    if outcomes:
        queue_outcomes(connection, outcomes)
    return len(outcomes)


def _as_outcome(decision: Decision, judged: TextJudged) -> NewOutcome:
    return NewOutcome(
        cause=(judged.id,),
        type="confirmation.suggested",
        session_id=judged.session_id,
        language=decision.state.language or judged.language,
        event_id=uuid_of(judged.text_event_id),
        reasons=(KIND_REASON[judged.kind],),
        phrase=judged.phrase,
        message_id=judged.message_id,
    )


_UNANSWERED = text("""
    SELECT c.confirmation_id, i.payload
    FROM escalation.confirmations AS c
    JOIN escalation.event_inbox AS i ON i.event_id = c.judged_event_id
    JOIN escalation.sessions AS s ON s.session_id = c.session_id
    WHERE c.answer IS NULL AND c.kind = 'danger' AND s.ended IS DISTINCT FROM 'completed' AND i.payload <> '{}'
      AND c.asked_at BETWEEN clock_timestamp() - interval '1 day'
                         AND clock_timestamp() - make_interval(secs => :seconds)
    ORDER BY c.asked_at LIMIT :limit
""")
# No row is locked while Redis is asked: a Redis that hangs must not keep a user's answer waiting.
_SILENT = text("""
    UPDATE escalation.confirmations SET answer = 'none', answered_at = clock_timestamp()
    WHERE confirmation_id = ANY(CAST(:ids AS uuid[])) AND answer IS NULL
""")


def publish_unanswered(connection: Connection, redis: Redis, installation: Installation, limit: int) -> int:
    """Publish danger that was asked about in vain: an event like any other, so that the same rules bring a human in."""
    seconds = installation.policy.unanswered_danger_seconds
    if not seconds:
        return 0
    rows = connection.execute(_UNANSWERED, {"seconds": seconds, "limit": limit}).all()
    if not rows:
        return 0
    unanswered = [event for row in rows for event in _without_answer(row.payload)]
    with redis.pipeline(transaction=False) as pipeline:
        for event in unanswered:
            pipeline.xadd(EVENTS, {"event": encode(event)})
        pipeline.execute()
    connection.execute(_SILENT, {"ids": [str(row.confirmation_id) for row in rows]})
    return len(unanswered)


def _without_answer(payload: dict[str, Any]) -> Iterator[Event]:
    """The judgement again, now with the user's silence; the same id whenever it is made.

    None of one that another version has stored and this one cannot read: the others must not wait for it.
    """
    try:
        event = event_of(payload)
    except InvalidEvent as error:
        logger.error("unanswered_danger_unreadable", event_id=payload.get("id"), member=error.member)
        return
    if not isinstance(event, TextJudged):
        raise TypeError(f"a question is asked about a judged text, and event {event.id} is {event.type}")
    again = TextJudged.deterministic_id(event.text_event_id, event.kind, "unanswered")
    yield replace(event, id=again, answer=Answer.NONE)
