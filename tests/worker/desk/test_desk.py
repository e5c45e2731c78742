"""The ticket's page: looking changes nothing, acting needs the page's own form, and nothing of it is kept anywhere."""

import threading

import httpx
import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from services.installation import Installation
from services.tickets.signed_links import form_token, token
from tests.services.tickets.conftest import outcomes, ticket_row
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
    assert "Nobody has taken this ticket yet." in page
    assert ticket_row(connection, ticket["number"]) == before
    assert outcomes(connection) == ["ticket.opened"]


def test_taking_it_acknowledges_with_the_name(send: Send, ticket: dict[str, str], connection: Connection) -> None:
    page = send(action="take", name="Maria <Μαρία>")
    assert page.status_code == 200
    assert page.history[0].status_code == 303
    assert "It is yours." in page.text
    assert "Maria &lt;Μαρία&gt; took this ticket" in page.text
    row = ticket_row(connection, ticket["number"])
    assert (row["status"], row["acknowledged_by"]) == ("in_progress", "Maria <Μαρία>")
    assert outcomes(connection) == ["ticket.opened", "ticket.acknowledged"]


def test_the_log_says_which_escalation_it_was_and_not_who(
    send: Send, ticket: dict[str, str], connection: Connection
) -> None:
    with capture_logs() as logged:
        send(action="take", name="Maria")
    [line] = [line for line in logged if line["event"] == "ticket_page_used"]
    events = "SELECT CAST(event_id AS text) AS id FROM escalation.event_inbox WHERE ticket_id IS NOT NULL"
    assert line["event_id"] in {row["id"] for row in rows(connection, events)}
    assert (line["action"], line["session_id"], line["ticket"]) == ("take", "s", ticket["number"])
    assert "Maria" not in repr(logged)


def test_who_comes_second_is_told_who_has_it(send: Send) -> None:
    send(action="take", name="Maria")
    second = send(action="take", name="John")
    assert second.status_code == 409
    assert "Maria has taken this ticket already." in second.text


def test_two_at_once_are_one(
    browser: httpx.Client, ticket: dict[str, str], public: Installation, connection: Connection
) -> None:
    form = form_token(ticket["id"], public.settings)
    answers: list[int] = []

    def take(name: str) -> None:
        fields = {"form": form, "action": "take", "name": name}
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
    assert "<script" not in page.text
    row = ticket_row(connection, ticket["number"])
    assert row["resolution_notes"] == "Replaced the fuse.\n<script>alert(1)</script>"
    refused = send(action="take", name="John")
    assert (refused.status_code, "reopen it first" in refused.text) == (409, True)


def test_verdicts_are_stored_for_each_trigger(send: Send, connection: Connection) -> None:
    fields = {"verdict-safety_concern": "needed", "verdict-low_confidence": "too_late"}
    page = send(action="verdict", name="Maria", **fields)
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
    send(action="verdict", name="John", **{"verdict-low_confidence": "not_needed"})
    newest = "SELECT verdict FROM escalation.trigger_verdicts WHERE given_by = 'John'"
    assert rows(connection, newest) == [{"verdict": "not_needed"}]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"action": "take", "name": " "}, "a name should be one line"),
        ({"action": "take", "name": "x" * 121}, "a name should be one line"),
        ({"action": "resolve", "name": "Maria"}, "a note should have 1 to 4000 characters, not 0"),
        ({"action": "verdict", "name": "Maria"}, "a verdict should be given on one reason at least"),
        ({"action": "verdict", "name": "Maria", "verdict-user_request": "needed"}, "the ticket has no such reason"),
        ({"action": "verdict", "name": "Maria", "verdict-low_confidence": "great"}, "should be one of needed"),
        ({"action": "delete", "name": "Maria"}, "the form should ask for take, resolve or verdict"),
        ({"name": "Maria"}, "the form should ask for take, resolve or verdict"),
    ],
)
def test_what_cannot_be_done_is_said(
    fields: dict[str, str], said: str, send: Send, ticket: dict[str, str], connection: Connection
) -> None:
    page = send(**fields)
    assert (page.status_code, said in page.text) == (409, True)
    assert ticket_row(connection, ticket["number"])["status"] == "open"


def test_only_the_page_s_own_form_counts(
    browser: httpx.Client, ticket: dict[str, str], public: Installation, connection: Connection
) -> None:
    take = {"action": "take", "name": "Maria"}
    foreign = form_token("another ticket", public.settings)
    for form in ({}, {"form": foreign}, {"form": token(ticket["id"], public.settings)}):
        assert browser.post(ticket["path"], data=take | form).status_code == 403
    form = {"form": form_token(ticket["id"], public.settings)}
    crossed = browser.post(ticket["path"], data=take | form, headers={"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403
    assert ticket_row(connection, ticket["number"])["status"] == "open"


def test_a_form_of_another_kind_or_size_is_refused(browser: httpx.Client, ticket: dict[str, str]) -> None:
    def post(**given: object) -> int:
        return browser.post(ticket["path"], **given).status_code  # type: ignore[arg-type]

    assert post(json={"action": "take"}) == 415
    assert post(data={"note": "x" * 40_000}) == 413
    assert post(content=b"%ff", headers={"content-type": "application/x-www-form-urlencoded"}) == 400
