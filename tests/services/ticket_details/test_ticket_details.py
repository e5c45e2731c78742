"""The whole story of tickets that the worker itself opened."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from escalation_client.events import Event
from services.ticket_details import TicketDetails, load_ticket_details
from services.ticket_details.missing import UNKNOWN_WORDS
from services.ticket_details.related import MOST_RELATED
from tests.events import at, confidence, diagnosed, ended, message, requested, seconds_until_now, started, step
from tests.services.counting import statements
from tests.services.escalated import escalate

NIKOS = "0b000000-0000-4000-8000-000000000001"
NAMELESS = "0b000000-0000-4000-8000-000000000004"
KEF_5 = "0c000000-0000-4000-8000-000000000001"
BARE = "0c000000-0000-4000-8000-000000000012"
SMOKE = "There is smoke coming from the cabinet"


def story_of(connection: Connection, events: list[Event]) -> TicketDetails:
    ticket_id = escalate(connection, events)[events[0].session_id]
    return load_ticket_details(connection, [ticket_id])[ticket_id]


def resolve(connection: Connection, session: str) -> None:
    connection.execute(
        text("UPDATE support_tickets SET status = 'resolved', resolved_at = :at WHERE session_id = :session"),
        {"session": session, "at": at(500).replace(tzinfo=None)},
    )


def test_the_story_holds_all_that_a_mail_tells(seeded: Connection) -> None:
    details = story_of(
        seeded,
        [
            started("s", user=NIKOS, machine=KEF_5),
            message("s", SMOKE, 1),
            diagnosed("s", "low", "electrical", seconds=2, confidence=0.2),
            step("s", 1, seconds=3),
        ],
    )
    assert details.user is not None
    assert details.machine is not None
    assert details.advice is not None
    assert (details.user.name, details.machine.name) == ("Νίκος Βεργωτής", "KEF-5")
    assert details.ticket.reason_names == ("safety_concern", "expert_required", "low_confidence")
    assert (details.ticket.priority, details.ticket.status, details.ticket.safety) == ("urgent", "open", True)
    assert details.advice.primary.name == "Emergency line"
    assert details.advice.action is not None
    assert [one.content for one in details.conversation.messages] == [SMOKE]
    assert details.conversation.category == "electrical"
    assert [one.value for one in details.conversation.confidences] == [0.2]
    assert (details.language, details.session.status, details.event_at) == ("en", "escalated", at(1))
    assert {one.address for one in details.recipients} == {"support@example.com", "emergency@example.com"}
    assert {recipient.mail_id for recipient in details.recipients} == {details.recipients[0].mail_id}
    assert details.unknown == ()


def test_each_reason_comes_with_its_evidence(connection: Connection) -> None:
    smoke = message("s", SMOKE, 1)
    details = story_of(connection, [smoke, confidence("s", 0.1, 2), diagnosed("s", requires_expert=True, seconds=3)])
    danger, expert, doubt = details.ticket.reasons
    assert danger.evidence[0].message_id == smoke.message_id
    assert danger.evidence[0].phrase is not None
    assert danger.evidence[0].phrase in SMOKE
    assert danger.evidence[0].gloss
    assert (danger.at, danger.evidence[0].event_id) == (at(1), smoke.id)
    assert expert.evidence[0].grounds == ("requires_expert",)
    assert (doubt.evidence[0].observed, doubt.evidence[0].limit) == (0.1, 0.3)
    assert details.conversation.message(danger.evidence[0].message_id) is not None


def test_what_speaks_for_a_reason_later_is_added_to_it(connection: Connection) -> None:
    escalate(connection, [confidence("s", 0.2, 1)])
    details = story_of(connection, [confidence("s", 0.1, 2), message("s", SMOKE, 3)])
    danger, doubt = details.ticket.reasons
    assert [one.observed for one in doubt.evidence] == [0.2, 0.1]
    assert danger.at == at(3)


def test_the_steps_that_were_too_many_are_counted_in_the_evidence(connection: Connection) -> None:
    details = story_of(connection, [step("s", number) for number in range(1, 9)])
    (reason,) = details.ticket.reasons
    assert (reason.name, reason.evidence[0].observed, reason.evidence[0].limit) == ("steps_exceeded", 8, 8)


def test_notes_and_a_telephone_number_come_from_the_dialogue(connection: Connection) -> None:
    asked = replace(requested("s", notes="Call the barge", seconds=2), callback_phone="+30 26", requested_by="Nikos")
    details = story_of(connection, [started("s"), requested("s", notes="First", seconds=1), asked])
    assert details.notes == ("First", "Call the barge")
    assert details.callback_phone == "+30 26"
    assert details.requests[-1].requested_by == "Nikos"


def test_a_new_ticket_names_the_earlier_one_and_starts_afresh(connection: Connection) -> None:
    escalate(connection, [started("s"), requested("s", notes="Old notes", seconds=1)])
    resolve(connection, "s")
    details = story_of(connection, [requested("s", notes="New notes", seconds=seconds_until_now())])
    assert [(one.status, one.reason) for one in details.earlier_tickets] == [("resolved", "user_request")]
    assert details.notes == ("New notes",)
    assert len(details.ticket.reasons[0].evidence) == 1
    first = load_ticket_details(connection, [details.earlier_tickets[0].ticket_id])[
        details.earlier_tickets[0].ticket_id
    ]
    assert (first.earlier_tickets, first.notes) == ((), ("Old notes",))


def test_open_tickets_of_the_same_machine_and_user_are_told(seeded: Connection) -> None:
    others = [f"other-{number}" for number in range(MOST_RELATED + 3)]
    for other in others:
        escalate(seeded, [started(other, user=NAMELESS, machine=KEF_5), requested(other)])
    escalate(seeded, [started("mine", user=NIKOS), requested("mine")])
    escalate(seeded, [started("closed", user=NIKOS, machine=KEF_5), requested("closed")])
    resolve(seeded, "closed")
    details = story_of(seeded, [started("s", user=NIKOS, machine=KEF_5), requested("s")])
    assert len(details.machine_tickets) == MOST_RELATED
    assert len(details.user_tickets) == 1
    assert details.ticket.number not in {one.number for one in (*details.machine_tickets, *details.user_tickets)}
    assert details.earlier_tickets == ()


def test_strangers_have_no_tickets_in_common(connection: Connection) -> None:
    escalate(connection, [requested("other")])
    details = story_of(connection, [requested("s")])
    assert (details.user_tickets, details.machine_tickets) == ((), ())
    assert details.session.user_id is None


@pytest.mark.parametrize("user", ["unknown", "7", "{}", "x" * 255, "0b000000-0000-4000-8000-0000000000ff"])
def test_a_user_whom_nobody_knows_does_not_stop_the_ticket(seeded: Connection, user: str) -> None:
    details = story_of(seeded, [started("s", user=user, machine="machine 7"), requested("s")])
    assert (details.user, details.machine) == (None, None)
    assert details.session.machine_id == "machine 7"
    assert details.unknown == ("user", "machine", "conversation", "diagnosis", "steps")


def test_without_abparts_tables_the_story_says_what_is_unknown(connection: Connection) -> None:
    details = story_of(connection, [requested("s")])
    assert details.unknown == ("user", "machine", "language", "conversation", "diagnosis", "steps")
    assert details.advice is not None


def test_a_name_and_hours_that_are_missing_are_named(seeded: Connection) -> None:
    details = story_of(seeded, [started("s", user=NAMELESS, machine=BARE), message("s", SMOKE)])
    assert details.unknown == ("user_name", "machine_hours", "diagnosis", "steps")
    assert set(details.unknown) <= set(UNKNOWN_WORDS)


def test_a_ticket_whose_row_was_deleted_keeps_its_story(connection: Connection) -> None:
    escalate(connection, [started("s"), message("s", SMOKE)])
    ticket_id = connection.execute(text("DELETE FROM support_tickets RETURNING id")).scalar_one()
    details = load_ticket_details(connection, [ticket_id])[ticket_id]
    assert (details.ticket.status, details.advice, details.ticket.priority) == (None, None, "urgent")
    assert details.ticket.reason_names == ("safety_concern",)


def test_another_writer_s_ticket_has_that_writer_s_reason(connection: Connection) -> None:
    escalate(connection, [started("s"), message("s", "hello"), ended("s")])
    connection.execute(
        text("""
            INSERT INTO ai_sessions (id, user_id, status, language, created_at, updated_at)
            VALUES ('s', 'user-1', 'active', 'en', now(), now())
        """)
    )
    connection.execute(
        text("""
            INSERT INTO support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
                session_summary, expert_contact_info, created_at, updated_at)
            VALUES ('theirs', 's', 'OLD-1', 'low', 'open', 'by hand', '', '{"primary_contact": null}', now(), now())
        """)
    )
    details = story_of(connection, [requested("s", seconds=200)])
    assert (details.ticket.ticket_id, details.ticket.number) == ("theirs", "OLD-1")
    assert details.ticket.reason_names[0] == "user_request"
    assert details.advice is None


def test_what_a_person_changed_by_sql_is_told(connection: Connection) -> None:
    escalate(connection, [started("s"), requested("s")])
    connection.execute(text("UPDATE support_tickets SET priority = 'high', status = 'in_progress'"))
    ticket_id = connection.execute(text("SELECT id FROM support_tickets")).scalar_one()
    ticket = load_ticket_details(connection, [ticket_id])[ticket_id].ticket
    assert (ticket.priority, ticket.status) == ("high", "in_progress")


def test_a_ticket_that_is_not_there_has_no_story(connection: Connection) -> None:
    assert load_ticket_details(connection, ["nothing"]) == {}
    assert load_ticket_details(connection, []) == {}


def test_fifty_tickets_take_as_many_statements_as_one(seeded: Connection) -> None:
    for number in range(50):
        session = f"s{number}"
        events: list[Event] = [started(session, user=NIKOS, machine=KEF_5), message(session, SMOKE), step(session, 1)]
        tickets = escalate(seeded, events)
    ids = list(tickets.values())
    with statements(seeded) as for_one:
        load_ticket_details(seeded, ids[:1])
    with statements(seeded) as for_all:
        details_by_ticket = load_ticket_details(seeded, ids)
    assert len(ids) == len(details_by_ticket) == 50
    assert len(for_one) == len(for_all) == 9
