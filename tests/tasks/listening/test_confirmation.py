"""A text that perhaps asks for help leads to a question, once; yes, no and silence lead to what they mean."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import Event, MessageAdded, SessionEnded, SessionStarted, TextJudged
from escalation_client.outcomes import Outcome, decode_outcome
from services.database.engine import begin
from services.escalation.confirmations import publish_unanswered
from services.events.stream import EVENTS, OUTCOMES
from services.installation import Installation
from services.outbox.outcomes import relay
from tasks.evaluation.drain import drain
from tests.processes import wait_for

Publish = Callable[[Sequence[Event | str]], None]
Work = Callable[..., None]
NOW = datetime.now(UTC)
HANGING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE '%escalation.confirmations%'
""")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def said(content: str, seconds: float, session_id: str = "s1") -> MessageAdded:
    return MessageAdded(
        session_id=session_id, message_id=f"m{seconds}", sender="user", content=content, occurred_at=at(seconds)
    )


def perhaps(kind: str, seconds: float = 0, score: float = 0.3, session_id: str = "s1") -> list[Event]:
    """A text, and the second ear's judgement that is not sure of it."""
    message = said("he is under there and I hear nothing", seconds, session_id)
    judged = TextJudged(
        session_id=session_id, text_event_id=str(message.id), kind=kind, score=score, model="test",
        nearest=({"text": "he is stuck under it", "language": "en", "gloss": "says that somebody is caught"},),
        phrase=message.content, message_id=message.message_id, occurred_at=message.occurred_at,
    )  # fmt: skip
    return [message, judged]


@pytest.fixture
def work(publish: Publish, redis: Redis, installation: Installation) -> Work:
    def evaluated(*events: Event) -> None:
        publish(list(events))
        drain(redis, installation)

    return evaluated


def asked(redis: Redis) -> list[Outcome]:
    """The questions that the assistant has been told to ask."""
    with begin() as connection:
        relay(connection, redis, 100, 1000)
    entries: Any = redis.xrange(OUTCOMES)
    found = [decode_outcome(fields[b"outcome"]) for _, fields in entries]
    return [outcome for outcome in found if outcome.type == "confirmation.suggested"]


def reasons(connection: Connection) -> list[list[str]]:
    return [sorted(row.reasons) for row in connection.execute(text("SELECT reasons FROM escalation.tickets"))]


def silence(connection: Connection, seconds: int) -> None:
    """As if the question had been asked so long ago."""
    connection.execute(
        text("UPDATE escalation.confirmations SET asked_at = asked_at - make_interval(secs => :seconds)"),
        {"seconds": seconds},
    )


def test_what_is_perhaps_danger_is_asked_about_in_the_session_s_language(
    work: Work, redis: Redis, connection: Connection
) -> None:
    work(SessionStarted(session_id="s1", user_id="u", language="el", occurred_at=at(-9)))
    work(*perhaps("danger"))
    (question,) = asked(redis)
    assert question.say == "Έχει τραυματιστεί ή κινδυνεύει κάποιος; Μπορώ να ειδοποιήσω έναν άνθρωπο τώρα. " + (
        "Απαντήστε ναι ή όχι."
    )
    assert question.reasons == ("safety_concern",)
    assert question.phrase == "he is under there and I hear nothing"
    assert question.message_id == "m0"
    assert reasons(connection) == []


@pytest.mark.parametrize("answer", ["yes", "ναι", "نعم", "sí", "evet", "ja", "Yes please!!", "Ja takk, fort"])
@pytest.mark.parametrize(("kind", "reason"), [("danger", "safety_concern"), ("handoff", "user_request")])
def test_yes_brings_a_human_in(
    kind: str, reason: str, answer: str, work: Work, redis: Redis, connection: Connection
) -> None:
    work(*perhaps(kind))
    work(said(answer, 5))
    assert reasons(connection) == [[reason]]
    evidence = connection.execute(text("SELECT reasons FROM escalation.tickets")).scalar_one()[reason]
    assert evidence["answer"] == "yes"
    assert evidence["phrase"] == "he is under there and I hear nothing"
    assert evidence["message_id"] == "m0"
    work(said("yes", 6))
    assert reasons(connection) == [[reason]]


@pytest.mark.parametrize("answer", ["no", "όχι", "لا شكراً", "No, gracias", "hayır", "nei takk", "nobody is hurt"])
def test_no_closes_the_question(
    answer: str, work: Work, redis: Redis, connection: Connection, installation: Installation
) -> None:
    work(*perhaps("danger"))
    work(said(answer, 5))
    work(said("yes", 6))
    silence(connection, 130)
    with begin() as transaction:
        assert publish_unanswered(transaction, redis, installation, 100) == 0
    assert reasons(connection) == []
    evidence = connection.execute(
        text("SELECT evidence FROM escalation.event_inbox ORDER BY occurred_at DESC OFFSET 1")
    )
    assert any(each.get("answer") == "no" and not each["fired"] for each in evidence.scalars().first() or [])


def test_danger_without_an_answer_escalates_after_two_minutes(
    work: Work, redis: Redis, connection: Connection, installation: Installation
) -> None:
    work(*perhaps("danger"), *perhaps("handoff", session_id="s2"))
    silence(connection, 115)
    with begin() as transaction:
        assert publish_unanswered(transaction, redis, installation, 100) == 0
    silence(connection, 10)
    work(said("the pressure is 160 bar, why is it not rising", 30))
    with begin() as transaction:
        assert publish_unanswered(transaction, redis, installation, 100) == 1
        assert publish_unanswered(transaction, redis, installation, 100) == 0
    drain(redis, installation)
    assert reasons(connection) == [["safety_concern"]]
    evidence = connection.execute(text("SELECT reasons FROM escalation.tickets")).scalar_one()["safety_concern"]
    assert evidence["answer"] == "none"


def test_danger_is_told_though_another_s_judgement_was_stored_by_a_version_that_this_one_cannot_read(
    work: Work, redis: Redis, connection: Connection, installation: Installation
) -> None:
    work(*perhaps("danger"), *perhaps("danger", session_id="s2"))
    connection.exec_driver_sql("""
        UPDATE escalation.event_inbox SET payload = jsonb_set(payload, '{data,score}', '"high"')
        WHERE session_id = 's1' AND type = 'text.judged'
    """)
    silence(connection, 130)
    for published in (1, 0):
        with begin() as transaction:
            assert publish_unanswered(transaction, redis, installation, 100) == published
    drain(redis, installation)
    assert [row.session_id for row in connection.execute(text("SELECT session_id FROM escalation.tickets"))] == ["s2"]


def test_a_crash_after_publishing_silence_harms_nothing(
    work: Work, redis: Redis, connection: Connection, installation: Installation
) -> None:
    work(*perhaps("danger"))
    silence(connection, 130)
    with begin() as transaction:
        publish_unanswered(transaction, redis, installation, 100)
        transaction.rollback()
    with begin() as transaction:
        publish_unanswered(transaction, redis, installation, 100)
    assert redis.xlen(EVENTS) == 4
    drain(redis, installation)
    assert reasons(connection) == [["safety_concern"]]


def test_a_redis_that_hangs_keeps_no_answer_waiting(
    work: Work, redis: Redis, connection: Connection, installation: Installation
) -> None:
    work(*perhaps("danger"))
    silence(connection, 130)

    def publish_silence() -> int:
        with begin() as transaction:
            return publish_unanswered(transaction, redis, installation, 100)

    redis.client_pause(30_000, all=False)
    with ThreadPoolExecutor(1) as thread:
        publishing = thread.submit(publish_silence)
        wait_for(lambda: connection.execute(HANGING).scalar(), "the sweep at Redis")
        answered = connection.execute(text("UPDATE escalation.confirmations SET answer = 'no' WHERE answer IS NULL"))
        assert (answered.rowcount, publishing.done()) == (1, False)
        redis.client_unpause()
        assert publishing.result(30) == 1
    assert connection.execute(text("SELECT answer FROM escalation.confirmations")).scalar() == "no"


def test_nobody_is_asked_twice_for_the_same_within_an_hour(work: Work, redis: Redis, connection: Connection) -> None:
    work(*perhaps("handoff"))
    work(*perhaps("handoff", 20))
    assert len(asked(redis)) == 1
    silence(connection, 3_590)
    work(*perhaps("handoff", 40))
    assert len(asked(redis)) == 1
    silence(connection, 20)
    work(*perhaps("handoff", 60))
    assert len(asked(redis)) == 2


def test_danger_is_asked_about_before_a_wish_and_alone(work: Work, redis: Redis, connection: Connection) -> None:
    work(*perhaps("handoff", score=0.4), *perhaps("danger"))
    assert [question.reasons for question in asked(redis)] == [("safety_concern",)]
    work(*perhaps("handoff", 10))
    assert len(asked(redis)) == 1
    work(said("no", 20))
    work(*perhaps("handoff", 30))
    assert [question.reasons[0] for question in asked(redis)] == ["safety_concern", "user_request"]


def test_nobody_is_asked_who_has_a_ticket_or_has_ended_well(work: Work, redis: Redis) -> None:
    work(said("smoke!", -5), *perhaps("handoff"))
    work(*perhaps("handoff", 2))
    work(SessionEnded(session_id="s2", status="completed", occurred_at=at(1)), *perhaps("danger", session_id="s2"))
    assert asked(redis) == []


def test_what_was_said_before_the_text_is_no_answer(work: Work, redis: Redis, connection: Connection) -> None:
    work(*perhaps("danger"))
    work(said("yes", -1))
    assert reasons(connection) == []


def test_an_answer_that_comes_late_counts_no_more(work: Work, redis: Redis, connection: Connection) -> None:
    work(*perhaps("handoff"))
    silence(connection, 601)
    work(said("yes", 5))
    assert reasons(connection) == []


def test_what_is_surely_something_or_surely_nothing_is_not_asked_about(work: Work, redis: Redis) -> None:
    work(*perhaps("danger", score=0.05))
    work(*perhaps("danger", score=0.9, session_id="s2"))
    assert asked(redis) == []
