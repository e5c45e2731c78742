"""The assistant asks for a session's history, and a worker tells it.

The task is reached through its module: pytest looks at every name here before there are any settings.
"""

import json
from concurrent.futures import ThreadPoolExecutor

from redis import Redis

from escalation_client import History, OutcomeReader
from escalation_client.history import STREAM_QUESTIONS
from services.history.requests import Asked, answer, take
from services.installation import Installation
from tasks import events as questions
from tasks.evaluation.drain import drain
from tests.events import confidence, message, started
from tests.processes import wait_for
from tests.tasks.conftest import Publish

SURROGATE = '{"session_id": "\\ud800", "answer": "escalation:answers:1"}'


def ask(installation: Installation, redis: Redis, session_id: str) -> History:
    """What a reader is told when a worker answers meanwhile."""
    url = installation.settings.redis_url.get_secret_value()
    with OutcomeReader(url) as reader, ThreadPoolExecutor(1) as thread:
        told = thread.submit(reader.history, session_id, timeout=20)
        wait_for(lambda: session_id in str(redis.xrange(STREAM_QUESTIONS)), "the question")
        assert questions.answer_questions() == "answered=1"
        return told.result()


def test_a_session_with_a_ticket_is_told_with_its_evidence_and_mails(
    installation: Installation, redis: Redis, publish: Publish
) -> None:
    publish([started("s"), message("s", "there is smoke from the cabinet", seconds=2), confidence("s", 0.9)])
    drain(redis, installation)
    history = ask(installation, redis, "s")
    assert (history.known, history.status) == (True, "escalated")
    [ticket] = history.tickets
    assert ticket["ticket_number"] in history.why
    assert "Safety concern identified" in history.why
    assert {mail["state"] for mail in ticket["mails"]} == {"queued"}
    deciding = [event for event in history.events if event["decision"] == "escalate"]
    assert [event["ticket_number"] for event in deciding] == [ticket["ticket_number"]]
    assert "smoke" in str(deciding[0]["evidence"])


def test_a_session_without_a_ticket_is_told_with_how_near_it_came(
    installation: Installation, redis: Redis, publish: Publish
) -> None:
    publish([started("s"), confidence("s", 0.44), json.dumps({"session_id": "s", "type": "session.closed"})])
    drain(redis, installation)
    history = ask(installation, redis, "s")
    assert history.tickets == ()
    assert [event["type"] for event in history.events] == ["session.started", "confidence.reported"]
    assert "no rule fired in 2 events" in history.why
    assert "0.44" in history.why
    assert "1 event could not be read" in history.why


def test_a_session_that_nobody_told_of_is_unknown(installation: Installation, redis: Redis) -> None:
    history = ask(installation, redis, "never heard of; DROP TABLE")
    assert not history.known
    assert history.why == "No event of this session has arrived."


def test_broken_and_foreign_questions_hold_up_nobody(installation: Installation, redis: Redis) -> None:
    redis.set("precious", "kept")
    for question in ("{", "[]", '{"session_id": "s"}', '{"session_id": "s", "answer": "precious"}', SURROGATE):
        redis.xadd(STREAM_QUESTIONS, {"question": question})
    redis.xadd(STREAM_QUESTIONS, {"other": "field"})
    assert not ask(installation, redis, "asked in earnest").known
    assert redis.get("precious") == b"kept"
    assert redis.xlen(STREAM_QUESTIONS) == 0


def test_a_question_is_taken_once_and_not_when_its_asker_has_gone(installation: Installation, redis: Redis) -> None:
    question = json.dumps({"session_id": "s", "answer": "escalation:answers:1"})
    redis.xadd(STREAM_QUESTIONS, {"question": question}, id="1000-0")
    redis.xadd(STREAM_QUESTIONS, {"question": question})
    assert take(redis, 100) == [Asked("s", "escalation:answers:1")]
    assert take(redis, 100) == []


def test_an_answer_that_nobody_fetches_expires(installation: Installation, redis: Redis) -> None:
    answer(redis, Asked("s", "escalation:answers:1"), {"known": False})
    assert 0 < redis.ttl("escalation:answers:1") <= 60
