"""One conversation out of ABParts' rows and the inbox."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from escalation_client.events import Event
from services.conversation import Conversation, load_conversations, load_stories
from tests.events import at, confidence, diagnosed, message, requested, step
from tests.services.counting import statements
from tests.services.records import SESSION, keep, load, store_message, store_session, store_step, told_step


def test_nothing_known_is_an_empty_conversation(connection: Connection) -> None:
    conversation = load(connection, "never heard of")
    assert conversation == Conversation(session_id="never heard of")
    assert (conversation.diagnosis, conversation.category, conversation.hurt) == (None, None, "unknown")


def test_a_row_and_an_event_of_the_same_message_are_one(connection: Connection) -> None:
    store_session(connection)
    store_message(connection, f"{SESSION}-1", "as stored", 1)
    keep(connection, message(SESSION, "as told", 1))
    keep(connection, message(SESSION, "only told", 2))
    store_message(connection, "stored", "only stored", 3, sender="assistant")
    messages = load(connection).messages
    assert [one.content for one in messages] == ["as stored", "only told", "only stored"]
    assert [one.sender for one in messages] == ["user", "user", "assistant"]
    assert (messages[0].message_type, messages[0].language) == ("voice", "el")


def test_messages_stand_in_the_order_of_time_then_id(connection: Connection) -> None:
    store_session(connection)
    store_message(connection, "b", "second", 5)
    store_message(connection, "a", "first", 5)
    keep(connection, message(SESSION, "zeroth", 4.5))
    keep(connection, message(SESSION, "last", 6))
    messages = load(connection).messages
    assert [one.content for one in messages] == ["zeroth", "first", "second", "last"]
    assert messages[1].at == at(5)


def test_stored_text_is_told_to_the_letter(connection: Connection) -> None:
    written = 'He said "stop",\t\\o/ \N{FIRE}\u2028\r\n{"a": null}\x01'
    store_session(
        connection, metadata={"diagnostic_assessment": {"problem_category": written, "estimated_duration": 9}}
    )
    store_message(connection, "m", written, 1.000001)
    store_step(connection, 1, 2, feedback=written)
    conversation = load(connection)
    assert (conversation.messages[0].content, conversation.messages[0].at) == (written, at(1.000001))
    assert (conversation.steps[0].feedback, conversation.category) == (written, written)


def test_a_message_published_twice_under_two_ids_is_one(connection: Connection) -> None:
    keep(connection, message(SESSION, "once", 1))
    keep(connection, replace(message(SESSION, "again", 1), id=uuid4(), occurred_at=at(2)))
    assert [one.content for one in load(connection).messages] == ["once"]


def test_a_step_is_what_was_said_of_it_last(connection: Connection) -> None:
    store_session(connection)
    keep(connection, told_step(1, 1, instruction="Check the oil"))
    keep(connection, told_step(1, 9, completed=True, success=False, user_feedback="full"))
    store_step(connection, 2, 3, instruction="Bleed", done=at(8).replace(tzinfo=None), completed=True, success=None)
    keep(connection, step(SESSION, 2, success=True, seconds=10))
    first, second = load(connection).steps
    assert (first.instruction, first.feedback, first.completed, first.success) == ("Check the oil", "full", True, False)
    assert first.at == at(9)
    assert (second.number, second.completed, second.success) == (2, True, True)


def test_a_step_once_completed_stays_so(connection: Connection) -> None:
    keep(connection, step(SESSION, 3, success=False, seconds=1))
    keep(connection, told_step(3, 2, instruction="Again"))
    (only,) = load(connection).steps
    assert (only.completed, only.success, only.instruction) == (True, False, "Again")


def test_the_order_in_which_events_arrived_does_not_matter(connection: Connection) -> None:
    events: list[Event] = [
        message(SESSION, "one", 1),
        message(SESSION, "two", 2),
        step(SESSION, 1, success=None, seconds=3),
        step(SESSION, 1, success=False, seconds=4),
        diagnosed(SESSION, "low", "hydraulic", seconds=5, confidence=0.4),
        confidence(SESSION, 0.2, seconds=6),
    ]
    for event in events:
        keep(connection, event)
    forwards = load(connection)
    connection.execute(text("DELETE FROM escalation.event_inbox"))
    for event in reversed(events):
        keep(connection, event)
    assert load(connection) == forwards
    assert [one.value for one in forwards.confidences] == [0.4, 0.2]
    assert [one.source for one in forwards.confidences] == ["diagnosis", "report"]


def test_abparts_assessment_comes_before_what_was_told(connection: Connection) -> None:
    assessment = {"problem_category": "startup", "confidence_level": "high"}
    store_session(connection, metadata={"diagnostic_assessment": assessment})
    keep(connection, diagnosed(SESSION, "low", "hydraulic", seconds=5))
    conversation = load(connection)
    assert [one.category for one in conversation.diagnoses] == ["startup", "hydraulic"]
    assert conversation.category == "hydraulic"


def test_the_same_assessment_counts_once(connection: Connection) -> None:
    assessment = {"problem_category": "hydraulic", "confidence_level": "low"}
    store_session(connection, metadata={"diagnostic_assessment": assessment})
    keep(connection, diagnosed(SESSION, "low", "hydraulic", seconds=5))
    assert len(load(connection).diagnoses) == 1


@pytest.mark.parametrize(
    "assessment",
    [None, [], "text", 7, {}, {"likely_causes": "one", "estimated_duration": "an hour", "safety_warnings": [None, 3]}],
)
def test_whatever_a_model_wrote_into_the_assessment_is_borne(connection: Connection, assessment: object) -> None:
    store_session(connection, metadata={"diagnostic_assessment": assessment})
    diagnosis = load(connection).diagnosis
    assert (diagnosis is not None) == isinstance(assessment, dict)
    assert diagnosis is None or (diagnosis.category, diagnosis.estimated_minutes) == ("other", None)


def test_evidence_is_what_fired_and_requests_are_kept_whole(connection: Connection) -> None:
    smoke = message(SESSION, "there is smoke", 1)
    keep(
        connection,
        smoke,
        [
            {"rule": "safety_concern", "fired": True, "phrase": "smoke", "gloss": "smoke", "hurt": "denied"},
            {"rule": "user_request", "fired": False},
        ],
        ticket="t-1",
    )
    keep(connection, requested(SESSION, notes="Please call", seconds=3), [{"rule": "user_request", "fired": True}])
    conversation = load(connection)
    assert [(one.rule, one.phrase, one.ticket_id) for one in conversation.evidence] == [
        ("safety_concern", "smoke", "t-1"),
        ("user_request", None, None),
    ]
    assert conversation.evidence[0].event_id == smoke.id
    assert [one.notes for one in conversation.requests] == ["Please call"]
    assert conversation.hurt == "denied"


def test_hurt_once_said_stays_said(connection: Connection) -> None:
    for seconds, word in enumerate(["unknown", "said", "denied"]):
        keep(connection, message(SESSION, word, seconds), [{"rule": "safety_concern", "fired": True, "hurt": word}])
    assert load(connection).hurt == "said"


def test_an_event_of_other_times_does_not_stop_the_story(connection: Connection) -> None:
    keep(connection, message(SESSION, "readable", 1))
    keep(connection, message(SESSION, "unreadable", 2))
    connection.execute(
        text("""
            UPDATE escalation.event_inbox SET payload = jsonb_set(payload, '{data,sender}', '"robot"')
            WHERE payload -> 'data' ->> 'content' = 'unreadable'
        """)
    )
    assert [one.content for one in load(connection).messages] == ["readable"]


@pytest.mark.parametrize("table", ["ai_messages", "troubleshooting_steps"])
def test_a_table_that_was_dropped_leaves_the_rest_to_tell(connection: Connection, table: str) -> None:
    store_session(connection, metadata={"diagnostic_assessment": {"problem_category": "startup"}})
    store_message(connection, "m", "stored", 1)
    store_step(connection, 1, 2)
    keep(connection, message(SESSION, "told", 3))
    connection.execute(text(f"DROP TABLE public.{table}"))
    conversation = load(connection)
    assert [one.content for one in conversation.messages] == ["stored", "told"][table == "ai_messages" :]
    assert bool(conversation.steps) == (table == "ai_messages")
    assert conversation.category == "startup"


def test_a_story_is_what_the_conversation_tells_of_it(connection: Connection) -> None:
    store_session(connection, metadata={"diagnostic_assessment": {"problem_category": "startup"}})
    store_message(connection, "m", "stored", 1)
    store_step(connection, 1, 2)
    told = (message(SESSION, "told", 3), diagnosed(SESSION), told_step(2, 4, completed=True), confidence(SESSION, 0.1))
    for event in told:
        keep(connection, event)
    conversation, story = load(connection), load_stories(connection, [SESSION])[SESSION]
    assert story.summary() == conversation.summary()
    assert (story.messages, story.steps) == (conversation.messages, conversation.steps)
    assert (story.diagnoses, story.session_unknown) == (conversation.diagnoses, False)


def test_a_story_knows_of_a_lost_id_from_any_event(connection: Connection) -> None:
    keep(connection, marked := confidence("null", 0.1))
    keep(connection, confidence(SESSION, 0.1))
    # As an assistant without the client publishes it: the inbox alone has the session's own id.
    connection.execute(
        text("""
            UPDATE escalation.event_inbox
            SET payload = jsonb_set(payload, '{session_id}', '"null"') #- '{data,session_unknown}'
        """)
    )
    keep(connection, also_marked := confidence("undefined", 0.2))
    stories = load_stories(connection, [SESSION, marked.session_id, also_marked.session_id])
    assert all(story.session_unknown for story in stories.values())


def test_fifty_sessions_take_as_many_statements_as_one(connection: Connection) -> None:
    sessions = [f"s{number}" for number in range(50)]
    for session in sessions:
        keep(connection, message(session, f"hello from {session}", 1))
    with statements(connection) as for_one:
        load_conversations(connection, sessions[:1])
    with statements(connection) as for_all:
        conversations = load_conversations(connection, sessions)
    assert len(for_one) == len(for_all) == 2
    assert [conversations[one].messages[0].content for one in sessions] == [f"hello from {one}" for one in sessions]
