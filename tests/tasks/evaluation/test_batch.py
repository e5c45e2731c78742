"""Batches against a real PostgreSQL: everything together or not at all, and nothing depends on the batch's size."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from escalation_client.events import ConfidenceReported, Event
from rules.reasons import PRIORITIES
from services.installation import Installation
from tasks.evaluation.batch import write
from tests.events import confidence, diagnosed, message, requested, started, step
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import TICKETS, Entries, foreign_session, statements


def test_a_ticket_commits_with_its_session_triggers_audit_mail_and_outcome(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    events: list[Event] = [started("s"), message("s", "there is smoke from the cabinet"), confidence("s", 0.1)]
    written = write(entries(events), installation)
    (ticket,) = rows(connection, TICKETS)
    assert (ticket["escalation_reason"], ticket["priority"], ticket["status"]) == ("safety_concern", "urgent", "open")
    assert (ticket["session_status"], ticket["user_id"]) == ("escalated", "user-1")
    assert set(ticket["reasons"]) == {"safety_concern", "low_confidence"}
    triggers = rows(
        connection, "SELECT trigger_type, escalation_decision, trigger_value FROM public.escalation_triggers"
    )
    assert {(one["trigger_type"], one["trigger_value"]) for one in triggers} == {
        ("safety_concern", None),
        ("confidence_low", 0.1),
    }
    assert {one["escalation_decision"] for one in triggers} == {"escalate"}
    audit = rows(connection, "SELECT table_name, action, actor, row_id FROM escalation.audit_log ORDER BY audit_id")
    assert [(one["table_name"], one["action"], one["actor"]) for one in audit] == [
        ("ai_sessions", "insert", "worker"),
        ("escalation_triggers", "insert", "worker"),
        ("escalation_triggers", "insert", "worker"),
        ("support_tickets", "insert", "worker"),
    ]
    (mail,) = rows(connection, "SELECT template, lane, rank FROM escalation.mails")
    assert (mail["template"], mail["lane"], mail["rank"]) == ("ticket_opened", "urgent", 0)
    recipients = rows(connection, "SELECT address, state, lane FROM escalation.mail_recipients")
    assert {"address": "support@example.com", "state": "queued", "lane": "urgent"} in recipients
    outcomes = rows(connection, "SELECT payload FROM escalation.outcomes")
    assert [one["payload"]["type"] for one in outcomes] == ["ticket.opened"]
    assert outcomes[0]["payload"]["ticket_number"] == ticket["ticket_number"]
    assert (written.result.opened, written.result.urgent, written.waiting) == (1, 1, 0)
    assert len(written.done) == 3


def test_what_is_stored_with_the_ticket_has_abparts_shapes(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([message("s", "i want to talk to a human")]), installation)
    (ticket,) = rows(connection, TICKETS)
    contact = ticket["expert_contact_info"]
    assert set(contact) >= {
        "primary_contact", "alternative_contacts", "escalation_reason", "recommended_action", "ticket_reference",
    }  # fmt: skip
    assert set(contact["primary_contact"]) == {"name", "email", "phone", "hours", "specialization"}
    assert contact["ticket_reference"] == ticket["ticket_number"]
    assert "talk to a human" in ticket["session_summary"]


@pytest.mark.parametrize(
    ("first", "known"),
    [
        (confidence("s", 0.9), False),
        (started("s", user="u1"), True),
        (replace(requested("s"), callback_phone="+30 210 1234567"), True),
    ],
)
def test_a_ticket_says_whom_to_ask_where_the_user_is_not_known(
    installation: Installation, entries: Entries, connection: Connection, first: Event, known: bool
) -> None:
    write(entries([first, message("s", "there is smoke from the cabinet")]), installation)
    (ticket,) = rows(connection, TICKETS)
    action = ticket["expert_contact_info"]["recommended_action"]
    assert (action.startswith("At once: call the user"), "The user is not known: ask" in action) == (known, not known)


def test_danger_after_a_wish_for_a_person_is_for_the_emergency_line(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([message("s", "i want to talk to a human")]), installation)
    (before,) = rows(connection, TICKETS)
    assert before["expert_contact_info"]["primary_contact"]["name"] == "General support"
    write(entries([message("s", "there is smoke from the cabinet")]), installation)
    (ticket,) = rows(connection, TICKETS)
    contact = ticket["expert_contact_info"]
    assert contact["primary_contact"]["name"] == "Emergency line"
    assert contact["escalation_reason"] == ticket["escalation_reason"] == "safety_concern"
    assert contact["recommended_action"].startswith("At once: make sure that nobody is in danger")
    assert contact["ticket_reference"] == ticket["ticket_number"]
    assert contact["why_parts"][0]["code"] == "emergency"
    outcomes = rows(connection, "SELECT payload FROM escalation.outcomes WHERE payload ->> 'type' = 'ticket.updated'")
    assert [one["payload"]["contact"]["name"] for one in outcomes] == ["Emergency line"]


def test_a_lesser_reason_leaves_the_contact(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    for one in (message("s", "there is smoke from the cabinet"), confidence("s", 0.1)):
        write(entries([one]), installation)
    (ticket,) = rows(connection, TICKETS)
    assert set(ticket["reasons"]) == {"safety_concern", "low_confidence"}
    assert ticket["expert_contact_info"]["primary_contact"]["name"] == "Emergency line"


def test_an_event_that_comes_twice_counts_once(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    events: list[Event] = [confidence("s", 0.1), confidence("s", 0.1)]
    first = write(entries(events), installation).result
    again = write(entries(events), installation).result
    assert (first.events, first.duplicates, again.events, again.duplicates) == (1, 1, 0, 2)
    assert len(rows(connection, TICKETS)) == 1


def test_an_event_that_came_before_is_no_news(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    asked = requested("s", notes="please call")
    for batch in ([confidence("s", 0.1)], [asked], [asked]):
        write(entries(batch), installation)
    mails = rows(connection, "SELECT content FROM escalation.mails WHERE template = 'ticket_updated'")
    assert [len(mail["content"]["news"]) for mail in mails] == [2]


def test_evidence_is_kept_for_going_on_too(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([confidence("s", 0.8)]), installation)
    (row,) = rows(connection, "SELECT decision, evidence, policy_version, ticket_id FROM escalation.event_inbox")
    assert row["decision"] == "continue"
    assert row["evidence"] == [{"rule": "low_confidence", "fired": False, "observed": 0.8, "limit": 0.3}]
    assert row["policy_version"] == installation.policy.version
    assert row["ticket_id"] is None


def test_abparts_rows_are_left_alone_until_a_ticket_needs_one(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([started("s"), message("s", "hello"), confidence("s", 0.9)]), installation)
    assert rows(connection, "SELECT * FROM public.ai_sessions") == []


def test_a_further_reason_joins_the_open_ticket_and_raises_its_priority(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([confidence("s", 0.1)]), installation)
    write(entries([diagnosed("s", "very_low")]), installation)
    (ticket,) = rows(connection, TICKETS)
    assert (ticket["escalation_reason"], ticket["priority"]) == ("expert_required", "high")
    assert set(ticket["reasons"]) == {"low_confidence", "expert_required"}
    mails = rows(connection, "SELECT template, lane, content FROM escalation.mails ORDER BY queued_at")
    assert [mail["template"] for mail in mails] == ["ticket_opened", "ticket_updated"]
    assert [news["reason"] for news in mails[1]["content"]["news"]] == ["expert_required"]


def test_updates_are_bundled_and_danger_goes_at_once(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([confidence("s", 0.1)]), installation)
    write(entries([diagnosed("s", "very_low")]), installation)
    write(entries([requested("s", notes="please call")]), installation)
    write(entries([message("s", "there is smoke from the cabinet")]), installation)
    mails = rows(
        connection,
        """SELECT DISTINCT m.queued_at, m.lane, m.content, r.next_attempt_at <= clock_timestamp() AS due
           FROM escalation.mails AS m JOIN escalation.mail_recipients AS r USING (mail_id)
           WHERE m.template = 'ticket_updated' ORDER BY m.queued_at""",
    )
    assert [(mail["lane"], mail["due"]) for mail in mails] == [("normal", False), ("urgent", True)]
    assert [news["kind"] for news in mails[0]["content"]["news"]] == ["reason", "reason", "notes"]


def test_after_resolution_by_plain_sql_a_new_ticket_names_the_earlier_one(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([confidence("s", 0.1, seconds=5)]), installation)
    connection.execute(text("UPDATE public.support_tickets SET status = 'closed', resolved_at = '2026-11-23 21:31:00'"))
    write(entries([confidence("s", 0.2, seconds=59)]), installation)
    assert len(rows(connection, TICKETS)) == 1
    assert not rows(connection, "SELECT FROM public.support_tickets WHERE status = 'open'")
    now = ConfidenceReported(session_id="s", confidence=0.2)
    write(entries([now]), installation)
    first, second = rows(connection, TICKETS)
    assert second["earlier_ticket_id"] == first["id"]


def test_a_ticket_closed_without_a_time_closes_when_the_database_saw_it(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([confidence("s", 0.1)]), installation)
    connection.execute(text("UPDATE public.support_tickets SET status = 'resolved'"))
    write(entries([confidence("s", 0.2, seconds=61)]), installation)
    assert len(rows(connection, TICKETS)) == 1, "the event is older than the resolution"


def test_an_open_ticket_of_somebody_else_is_taken_on(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    foreign_session(connection, "s")
    connection.execute(
        text("""INSERT INTO public.support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
                session_summary, created_at, updated_at)
                VALUES ('foreign', 's', 'AB-20200101-0001', 'low', 'open', 'user_request', '', now(), now())""")
    )
    write(entries([confidence("s", 0.1)]), installation)
    (ticket,) = rows(connection, TICKETS)
    assert (ticket["id"], ticket["priority"]) == ("foreign", "medium")


def test_the_number_of_statements_does_not_depend_on_the_batch(installation: Installation, entries: Entries) -> None:
    write(entries([confidence("first of the day", 0.1)]), installation)
    counts = {}
    for size in (1, 50, 500):
        batch = entries([confidence(f"{size}-{number}", 0.1) for number in range(size)])
        counts[size] = statements(lambda batch=batch: write(batch, installation))  # type: ignore[misc]
    assert counts[1] == counts[50] == counts[500]
    assert counts[1] > 10


@pytest.mark.parametrize("order", [1, -1])
def test_the_outcome_is_the_same_in_any_order_of_batches(
    installation: Installation, entries: Entries, connection: Connection, order: int
) -> None:
    events: list[Event] = [
        started("s"),
        requested("s", "complex_issue", "low"),
        *[step("s", number) for number in range(1, 9)],
        message("s", "there is smoke from the cabinet"),
        confidence("s", 0.05),
    ]
    for one in events[::order]:
        write(entries([one]), installation)
    (ticket,) = rows(connection, TICKETS)
    assert (ticket["escalation_reason"], ticket["priority"]) == ("safety_concern", PRIORITIES[-1])
    assert set(ticket["reasons"]) == {"safety_concern", "complex_issue", "low_confidence", "steps_exceeded"}
    (state,) = rows(connection, "SELECT status, user_id FROM escalation.sessions")
    assert (state["status"], state["user_id"]) == ("escalated", "user-1")
