"""What fell through is found and repaired; what is as it should be, or older than the switch-on, is left alone."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from config.settings import get_settings
from services.database.engine import begin
from services.escalation.reconcile import ReconcileReport, Tally, reconcile
from services.escalation.reconcile.run import RECONCILE_GRACE
from services.installation import Installation, get_installation, note_mode
from services.tickets.actions import resolve
from tasks.evaluation.batch import write
from tests.events import confidence, message
from tests.services.tickets.conftest import Opened, by_sql
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import Entries

SESSION = """
    INSERT INTO public.ai_sessions (id, user_id, status, language, created_at, updated_at)
    VALUES (:id, 'u', :status, 'en', timezone('UTC', now()), timezone('UTC', now()))
"""
TICKET = """
    INSERT INTO public.support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
        session_summary, created_at, updated_at)
    VALUES (:id, :session, 'AB-20200101-' || :id, 'medium', 'open', 'user_request', 'Please help.',
        timezone('UTC', now()), timezone('UTC', now()))
"""
TRIGGER = """
    INSERT INTO public.escalation_triggers
        (id, session_id, trigger_type, trigger_value, triggered_at, escalation_decision)
    VALUES (:id, :session, :type, :value, timezone('UTC', now()), :decision)
"""
TICKETS = """
    SELECT p.session_id, p.escalation_reason, p.priority, p.status, own.reasons, own.adopted
    FROM public.support_tickets AS p JOIN escalation.tickets AS own ON own.ticket_id = p.id ORDER BY p.session_id
"""


def run(installation: Installation) -> ReconcileReport:
    with begin() as connection:
        return reconcile(connection, installation, grace=timedelta(seconds=-1))


def test_what_may_still_be_on_its_way_is_left_alone(installation: Installation, connection: Connection) -> None:
    longest = timedelta(seconds=installation.settings.statement_timeout_seconds)
    assert longest <= RECONCILE_GRACE, "a transaction of ABParts may still be writing the ticket"
    by_sql(connection, SESSION, id="s", status="escalated")
    with begin() as own:
        assert reconcile(own, installation).clean
    assert run(installation).escalated_sessions == Tally(1, 1)


def test_nothing_is_found_where_all_is_well(
    installation: Installation, opened: Opened, entries: Entries, connection: Connection
) -> None:
    for session in ("open", "resolved"):
        opened(session)
    with begin() as own:
        resolve(own, rows(connection, TICKETS_NUMBERS)[1]["ticket_number"], "Restarted it.", "Maria")
    write(entries([confidence("resolved", 0.1, seconds=6), confidence("calm", 0.9)]), installation)
    report = run(installation)
    assert report == ReconcileReport()
    assert (report.clean, report.summary()) == (True, "clean")


TICKETS_NUMBERS = "SELECT ticket_number FROM escalation.tickets ORDER BY ticket_number"


def test_a_session_that_abparts_escalated_gets_a_ticket(installation: Installation, connection: Connection) -> None:
    by_sql(connection, SESSION, id="updated", status="active")
    by_sql(connection, "UPDATE public.ai_sessions SET status = 'escalated'")
    by_sql(connection, SESSION, id="inserted", status="escalated")
    by_sql(connection, SESSION, id="calm", status="completed")
    assert run(installation).escalated_sessions == Tally(2, 2)
    tickets = rows(connection, TICKETS)
    assert [one["session_id"] for one in tickets] == ["inserted", "updated"]
    assert {(one["escalation_reason"], one["priority"]) for one in tickets} == {("expert_required", "high")}
    assert tickets[0]["reasons"]["expert_required"]["grounds"] == [
        "ABParts set the session to escalated and opened no ticket"
    ]
    templates = rows(connection, "SELECT template FROM escalation.mails")
    assert [one["template"] for one in templates] == ["ticket_opened"] * 2
    assert run(installation).clean


def test_triggers_without_a_ticket_lead_to_one(installation: Installation, connection: Connection) -> None:
    by_sql(connection, SESSION, id="s", status="active")
    by_sql(connection, TRIGGER, id="t1", session="s", type="confidence_low", value=0.2, decision="escalate")
    by_sql(connection, TRIGGER, id="t2", session="s", type="safety_concern", value=None, decision="escalate")
    by_sql(connection, TRIGGER, id="t3", session="s", type="evaluation", value=None, decision="continue")
    assert run(installation).lone_triggers == Tally(2, 2)
    (ticket,) = rows(connection, TICKETS)
    assert set(ticket["reasons"]) == {"safety_concern", "low_confidence"}
    assert (ticket["priority"], ticket["reasons"]["low_confidence"]["observed"]) == ("urgent", 0.2)
    assert run(installation).clean


def test_an_event_that_was_never_decided_is_decided(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([confidence("s", 0.8)]), installation)
    by_sql(connection, "UPDATE escalation.event_inbox SET payload = jsonb_set(payload, '{data,confidence}', '0.1')")
    by_sql(connection, "UPDATE escalation.event_inbox SET decision = 'pending', evidence = '[]'")
    assert run(installation).undecided_events == Tally(1, 1)
    (event,) = rows(connection, "SELECT decision, evidence, ticket_id FROM escalation.event_inbox")
    assert (event["decision"], event["evidence"][0]["observed"]) == ("escalate", 0.1)
    assert event["ticket_id"] is not None
    assert len(rows(connection, TICKETS)) == 1
    assert run(installation).clean


def test_a_ticket_without_a_mail_gets_one(installation: Installation, opened: Opened, connection: Connection) -> None:
    opened()
    by_sql(connection, "DELETE FROM escalation.mails")
    assert run(installation).unmailed_tickets == Tally(1, 1)
    (mail,) = rows(
        connection, "SELECT template, address FROM escalation.mails JOIN escalation.mail_recipients USING (mail_id)"
    )
    assert (mail["template"], mail["address"]) == ("ticket_opened", "support@example.com")
    assert run(installation).clean


def test_a_ticket_that_somebody_else_opened_is_taken_on_and_mailed(
    installation: Installation, connection: Connection
) -> None:
    by_sql(connection, SESSION, id="s", status="active")
    by_sql(connection, TICKET, id="theirs", session="s")
    assert run(installation).unmailed_tickets == Tally(1, 1)
    (ticket,) = rows(connection, TICKETS)
    assert (ticket["adopted"], ticket["reasons"]) == (True, {})
    assert run(installation).clean


def test_a_mail_that_every_address_refused_is_left_and_said(
    installation: Installation, opened: Opened, connection: Connection
) -> None:
    opened()
    by_sql(connection, "UPDATE escalation.mail_recipients SET state = 'refused'")
    report = run(installation)
    assert report.unmailed_tickets == Tally(1, 0)
    assert report.left == {"unmailed_tickets": 1}


def test_what_was_deleted_on_purpose_stays_deleted_and_what_is_lost_is_said(
    installation: Installation, opened: Opened, connection: Connection
) -> None:
    opened("deleted")
    by_sql(connection, "DELETE FROM public.support_tickets")
    assert run(installation).clean
    opened("lost")
    by_sql(connection, "TRUNCATE public.support_tickets")
    report = run(installation)
    assert report.left == {"lost_tickets": 1}
    assert report.lone_triggers == Tally()


def test_one_that_cannot_be_repaired_does_not_hold_the_others_up(
    installation: Installation, connection: Connection
) -> None:
    by_sql(connection, SESSION, id="x" * 65, status="escalated")
    by_sql(connection, SESSION, id="s", status="escalated")
    assert run(installation).escalated_sessions == Tally(2, 1)


def test_one_whose_story_nobody_can_read_does_not_hold_the_others_up(
    installation: Installation, connection: Connection
) -> None:
    for session in ("lost", "unreadable"):
        by_sql(connection, SESSION, id=session, status="escalated")
    # Python reads no number of so many digits.
    number = f'{{"diagnostic_assessment": {"9" * 5_000}}}'
    by_sql(connection, "UPDATE ai_sessions SET session_metadata = :number WHERE id = 'unreadable'", number=number)
    assert run(installation).escalated_sessions == Tally(2, 1)
    assert [row["session_id"] for row in rows(connection, TICKETS)] == ["lost"]


def test_nothing_from_before_the_switch_on_is_touched(installation: Installation, connection: Connection) -> None:
    for number in range(50):
        by_sql(connection, SESSION, id=f"s{number}", status="escalated")
        by_sql(
            connection,
            TRIGGER,
            id=f"t{number}",
            session=f"s{number}",
            type="user_request",
            value=None,
            decision="escalate",
        )
        by_sql(connection, TICKET, id=f"k{number}", session=f"s{number}") if number % 2 else None
    by_sql(connection, "UPDATE escalation.settings SET value = jsonb_build_object('at', now()) WHERE key = 'adoption'")
    assert run(installation) == ReconcileReport()
    assert rows(connection, "SELECT * FROM escalation.mails") == []


def test_nothing_from_the_time_in_shadow_is_touched(
    installation: Installation, entries: Entries, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = in_mode("shadow", monkeypatch)
    write(entries([message("s", "there is smoke from the cabinet")]), shadow)
    by_sql(connection, SESSION, id="s", status="escalated")
    assert run(shadow) == ReconcileReport()
    active = in_mode("active", monkeypatch)
    assert run(active) == ReconcileReport()
    assert rows(connection, TICKETS) == []


def in_mode(mode: str, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("MODE", mode)
    get_settings.cache_clear()
    get_installation.cache_clear()
    with begin() as connection:
        note_mode(connection, mode)
    return get_installation()
