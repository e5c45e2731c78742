"""The ticket's page: looking changes nothing, and acting leaves its trace on the ticket."""

import threading
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from services.installation import Installation, get_installation
from services.tickets.escalation_ladder import escalate_unacknowledged
from services.tickets.signed_links import form_token
from tests.services.tickets.conftest import by_sql, outcomes, ticket_row
from tests.tasks.conftest import rows
from tests.worker.desk.conftest import Send


def test_looking_shows_the_ticket_and_changes_nothing(
    browser: httpx.Client, ticket: dict[str, str], connection: Connection
) -> None:
    before = ticket_row(connection, ticket["number"])
    for method in ("GET", "HEAD", "GET"):
        assert browser.request(method, ticket["path"]).status_code == 200
    page = browser.get(ticket["path"]).text
    assert ticket["number"] in page
    assert "smoke" in page
    assert "&lt;b&gt;cabinet&lt;/b&gt;" in page
    assert "<b>cabinet" not in page
    assert "Nobody has it yet." in page
    assert ticket_row(connection, ticket["number"]) == before
    assert outcomes(connection) == ["ticket.opened"]


def test_acknowledging_it_keeps_the_name(send: Send, ticket: dict[str, str], connection: Connection) -> None:
    page = send(action="acknowledge", name="Maria <Μαρία>")
    assert page.status_code == 200
    assert page.history[0].status_code == 303
    assert "It is yours." in page.text
    assert "Maria &lt;Μαρία&gt; has it since" in page.text
    row = ticket_row(connection, ticket["number"])
    assert (row["status"], row["acknowledged_by"]) == ("in_progress", "Maria <Μαρία>")
    assert outcomes(connection) == ["ticket.opened", "ticket.acknowledged"]


def test_the_log_says_which_escalation_it_was_and_not_who(
    send: Send, ticket: dict[str, str], connection: Connection
) -> None:
    with capture_logs() as logged:
        send(action="acknowledge", name="Maria")
    [line] = [line for line in logged if line["event"] == "ticket_page_used"]
    events = "SELECT CAST(event_id AS text) AS id FROM escalation.event_inbox WHERE ticket_id IS NOT NULL"
    assert line["event_id"] in {row["id"] for row in rows(connection, events)}
    assert (line["action"], line["session_id"], line["ticket"]) == ("acknowledge", "s", ticket["number"])
    assert "Maria" not in repr(logged)


def test_who_comes_second_is_told_who_has_it(send: Send) -> None:
    send(action="acknowledge", name="Maria")
    second = send(action="acknowledge", name="John")
    assert second.status_code == 409
    assert "Maria has taken this ticket already." in second.text


def test_two_at_once_are_one(
    browser: httpx.Client, ticket: dict[str, str], public: Installation, connection: Connection
) -> None:
    form = form_token(ticket["id"], public.settings)
    answers: list[int] = []

    def take(name: str) -> None:
        fields = {"form": form, "action": "acknowledge", "name": name}
        answers.append(browser.post(ticket["path"], data=fields).status_code)

    threads = [threading.Thread(target=take, args=(name,)) for name in ("Maria", "John")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 409]
    assert outcomes(connection) == ["ticket.opened", "ticket.acknowledged"]


def test_solving_it_keeps_what_helped(send: Send, ticket: dict[str, str], connection: Connection) -> None:
    page = send(action="resolve", name="Maria", note="Replaced the fuse.\n<script>alert(1)</script>")
    assert "This ticket is finished." in page.text
    assert "<script>alert" not in page.text
    row = ticket_row(connection, ticket["number"])
    assert row["resolution_notes"] == "Replaced the fuse.\n<script>alert(1)</script>"
    refused = send(action="acknowledge", name="John")
    assert (refused.status_code, "reopen it first" in refused.text) == (409, True)
    assert 'id="do-reopen" open' in refused.text
    assert "open again" in send(action="reopen", name="John").text
    assert ticket_row(connection, ticket["number"])["status"] == "open"


def test_feedback_is_stored_for_each_trigger(send: Send, connection: Connection) -> None:
    fields = {"feedback-safety_concern": "needed", "feedback-low_confidence": "too_late"}
    page = send(action="feedback", name="Maria", **fields)
    assert page.text.count(" checked") == 2
    stored = rows(
        connection,
        """SELECT v.reason, v.verdict, v.given_by, g.trigger_type FROM escalation.trigger_verdicts AS v
           JOIN public.escalation_triggers AS g ON g.id = v.trigger_id ORDER BY v.reason""",
    )
    assert [tuple(one.values()) for one in stored] == [
        ("low_confidence", "too_late", "Maria", "confidence_low"),
        ("safety_concern", "needed", "Maria", "safety_concern"),
    ]
    send(action="feedback", name="John", **{"feedback-low_confidence": "not_needed"})
    newest = "SELECT verdict FROM escalation.trigger_verdicts WHERE given_by = 'John'"
    assert rows(connection, newest) == [{"verdict": "not_needed"}]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"action": "acknowledge", "name": " "}, "A name should be one line"),
        ({"action": "acknowledge", "name": "x" * 121}, "A name should be one line"),
        ({"action": "note", "name": "Maria", "note": "x" * 4_003}, "The text is 3 characters too long; 4000 fit."),
        ({"action": "resolve", "name": "Maria"}, "Write something first."),
        ({"action": "feedback", "name": "Maria"}, "Give feedback on one reason at least."),
        (
            {"action": "feedback", "name": "Maria", "feedback-user_request": "needed"},
            "The ticket has no such reason",
        ),
        ({"action": "feedback", "name": "Maria", "feedback-low_confidence": "great"}, "should be one of: needed"),
        ({"action": "delete", "name": "Maria"}, "The form cannot be read."),
        ({"name": "Maria"}, "The form cannot be read."),
    ],
)
def test_what_cannot_be_done_is_said(
    fields: dict[str, str], said: str, send: Send, ticket: dict[str, str], connection: Connection
) -> None:
    page = send(**fields)
    assert (page.status_code, said in page.text) == (409, True)
    assert ticket_row(connection, ticket["number"])["status"] == "open"


def test_it_is_given_back_and_handed_over(send: Send, ticket: dict[str, str], connection: Connection) -> None:
    send(action="acknowledge", name="Maria")
    assert "You gave it back." in send(action="release", name="Maria").text
    row = ticket_row(connection, ticket["number"])
    assert (row["status"], row["acknowledged_by"]) == ("open", None)
    contact = get_installation().contacts.contacts[-1]
    page = send(action="reassign", name="Maria", contact=contact.key)
    assert f"asked {contact.name} to take it" in unescape(page.text)
    handed = """SELECT r.address, m.content FROM escalation.mails AS m
                JOIN escalation.mail_recipients AS r USING (mail_id) WHERE m.template = 'ticket_handed_over'"""
    assert rows(connection, handed) == [{"address": contact.email, "content": {"by": "Maria"}}]
    assert ticket_row(connection, ticket["number"])["status"] == "open"
    assert send(action="reassign", name="Maria", contact="nobody").status_code == 409


@pytest.mark.parametrize("over", [{"action": "resolve", "note": "New relay."}, {"action": "acknowledge"}])
def test_nobody_is_asked_to_take_what_is_taken_or_solved_meanwhile(
    over: dict[str, str], send: Send, connection: Connection
) -> None:
    send(action="reassign", name="Maria", contact=get_installation().contacts.contacts[-1].key)
    send(name="Maria", **over)
    handed = """SELECT r.state FROM escalation.mails AS m
                JOIN escalation.mail_recipients AS r USING (mail_id) WHERE m.template = 'ticket_handed_over'"""
    assert [mail["state"] for mail in rows(connection, handed)] == ["cancelled"]


def test_a_snoozed_ticket_reminds_nobody_until_then(send: Send, connection: Connection, public: Installation) -> None:
    page = send(action="snooze", name="Maria", minutes="60")
    assert "Snoozed until" in page.text
    now = datetime.now(UTC)
    assert escalate_unacknowledged(connection, public, now + timedelta(minutes=50)) == 0
    assert escalate_unacknowledged(connection, public, now + timedelta(minutes=70)) == 1
    assert "at most 1 hour." in send(action="snooze", name="Maria", minutes="61").text


def test_the_others_who_were_asked_hear_who_has_it(send: Send, connection: Connection) -> None:
    by_sql(connection, "UPDATE escalation.mail_recipients SET state = 'accepted', accepted_at = now()")
    send(action="acknowledge", name="Maria")
    told = """SELECT m.content ->> 'by' AS by FROM escalation.mails AS m JOIN escalation.mail_recipients USING (mail_id)
              WHERE m.template = 'ticket_acknowledged'"""
    assert {row["by"] for row in rows(connection, told)} == {"Maria"}
