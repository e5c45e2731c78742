"""What ABParts and its people write in ways of their own, and what must not be lost because of it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from escalation_client.events import MessageAdded
from escalation_client.events.wire import document_of
from services.database.engine import begin
from services.escalation.reconcile import reconcile
from services.installation import Installation
from services.tickets.escalation_ladder import escalate_unacknowledged, notice_changes
from tasks.evaluation.batch import write
from tests.events import confidence, message, requested
from tests.services.tickets.conftest import Opened, by_sql, opened, outcomes
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import TICKETS, Entries, foreign_session

__all__ = ["opened"]


def smoke(session: str) -> MessageAdded:
    """Said now."""
    return MessageAdded(session_id=session, message_id="m", sender="user", content="there is smoke from the cabinet")


@pytest.mark.parametrize("ahead", ["now()", "now() + interval '20 hours'"])
def test_danger_opens_a_ticket_though_the_last_one_was_closed_in_local_time(
    ahead: str, opened: Opened, installation: Installation, entries: Entries, connection: Connection
) -> None:
    opened("s")
    with connection.engine.connect() as other, other.begin():
        other.execute(text("SET LOCAL timezone = 'Europe/Athens'"))
        other.execute(text(f"UPDATE public.support_tickets SET status = 'resolved', resolved_at = {ahead}"))
    write(entries([smoke("s")]), installation)
    assert [ticket["escalation_reason"] for ticket in rows(connection, TICKETS)] == ["low_confidence", "safety_concern"]


def test_reconcile_finds_what_a_time_in_the_future_would_cover(
    opened: Opened, installation: Installation, entries: Entries, connection: Connection
) -> None:
    opened("s")
    by_sql(
        connection,
        "UPDATE public.support_tickets SET status = 'resolved', resolved_at = timezone('UTC', now()) + interval '2 h'",
    )
    write(entries([smoke("s")]), installation)
    by_sql(connection, "UPDATE escalation.event_inbox SET ticket_id = NULL WHERE type = 'message.added'")
    by_sql(connection, "DELETE FROM escalation.tickets WHERE ordinal = 2")
    by_sql(connection, "DELETE FROM public.support_tickets WHERE escalation_reason = 'safety_concern'")
    with begin() as own:
        report = reconcile(own, installation, grace=timedelta(seconds=-1))
    assert (report.undecided_events.found, report.undecided_events.repaired) == (1, 1)


def test_without_a_record_a_time_in_the_future_counts_for_nothing(
    opened: Opened, installation: Installation, entries: Entries, connection: Connection
) -> None:
    opened("s")
    by_sql(connection, "ALTER TABLE public.support_tickets DISABLE TRIGGER escalation_audit_update")
    by_sql(
        connection,
        "UPDATE public.support_tickets SET status = 'resolved', resolved_at = timezone('UTC', now()) + interval '2 h'",
    )
    write(entries([smoke("s")]), installation)
    assert len(rows(connection, TICKETS)) == 2


@pytest.mark.parametrize("status", ["waiting_on_customer", "Resolved"])
def test_a_status_that_nobody_knows_is_neither_open_nor_solved(
    status: str, opened: Opened, installation: Installation, entries: Entries, connection: Connection
) -> None:
    opened("s")
    by_sql(connection, "UPDATE public.support_tickets SET status = :status", status=status)
    with begin() as own:
        assert notice_changes(own)
        assert escalate_unacknowledged(own, installation, datetime.now(UTC) + timedelta(days=30)) == 0
    assert outcomes(connection) == ["ticket.opened"]
    write(entries([smoke("s")]), installation)
    (ticket,) = rows(connection, TICKETS)
    assert (ticket["status"], ticket["escalation_reason"]) == (status, "safety_concern")
    by_sql(connection, "UPDATE public.support_tickets SET status = 'open'")
    with begin() as own:
        assert escalate_unacknowledged(own, installation, datetime.now(UTC) + timedelta(days=30)) == 1


FOREIGN = """
    INSERT INTO public.support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
        session_summary, expert_contact_info, created_at, updated_at)
    VALUES ('foreign', 's', 'AB-20200101-0001', :priority, 'open', :reason, 'They said so.',
        '{"primary_contact": {"name": "Maria"}}', now(), now())
"""


def foreign(connection: Connection, priority: str = "low", reason: str = "user_request") -> None:
    foreign_session(connection, "s")
    connection.execute(text(FOREIGN), {"priority": priority, "reason": reason})


def test_reasons_join_a_ticket_of_somebody_else_and_none_is_lost(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    foreign(connection)
    write(entries([confidence("s", 0.1), requested("s")]), installation)
    write(entries([message("s", "there is smoke from the cabinet", 50)]), installation)
    (ticket,) = rows(connection, TICKETS)
    assert ticket["escalation_reason"] == "user_request, low_confidence, safety_concern"
    assert ticket["session_summary"].splitlines()[0] == "They said so."
    assert "AI has low confidence in its solution (0.1, limit 0.3)" in ticket["session_summary"]
    assert "Safety concern identified (“there is smoke”)" in ticket["session_summary"]


def test_an_update_says_whom_to_contact(installation: Installation, entries: Entries, connection: Connection) -> None:
    foreign(connection)
    write(entries([confidence("s", 0.1)]), installation)
    (outcome,) = rows(connection, "SELECT payload FROM escalation.outcomes")
    payload: dict[str, Any] = outcome["payload"]
    assert (payload["type"], payload["contact"]) == ("ticket.updated", {"name": "Maria"})


def test_an_update_of_a_ticket_that_names_nobody_says_whom_the_contacts_recommend(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    foreign(connection)
    by_sql(connection, "UPDATE public.support_tickets SET expert_contact_info = NULL")
    write(entries([confidence("s", 0.1)]), installation)
    (outcome,) = rows(connection, "SELECT payload FROM escalation.outcomes")
    assert outcome["payload"]["contact"]["name"] in {contact.name for contact in installation.contacts.contacts}


def test_a_critical_ticket_of_somebody_else_is_urgent_and_stays_as_it_is(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    foreign(connection, priority="critical")
    write(entries([confidence("s", 0.1)]), installation)
    write(entries([message("s", "there is smoke from the cabinet", 50)]), installation)
    (ticket,) = rows(connection, TICKETS)
    assert ticket["priority"] == "critical"
    assert rows(connection, "SELECT priority FROM escalation.tickets") == [{"priority": "urgent"}]


@pytest.mark.parametrize("lost", ["null", "undefined", ""])
def test_two_users_whose_session_was_lost_get_two_tickets_that_say_so(
    lost: str, installation: Installation, entries: Entries, connection: Connection
) -> None:
    written = []
    for number in (1, 2):
        document = document_of(requested("s", notes=f"Help user {number}"))
        about = {"id": f"00000000-0000-4000-8000-{number:012}", "session_id": lost}
        written.append(json.dumps(document | about))
    write(entries(written), installation)
    tickets = rows(connection, TICKETS)
    assert len({ticket["session_id"] for ticket in tickets}) == 2
    assert all(ticket["session_summary"].startswith("The session is unknown: ") for ticket in tickets)
    for row in rows(connection, "SELECT evidence FROM escalation.event_inbox"):
        assert {"rule": "session_unknown", "fired": False} in row["evidence"]
    assert rows(connection, "SELECT FROM escalation.rejected_events") == []
