"""The page behind a digest: one press acknowledges those that are ticked, and what somebody else has stays theirs."""

import re
from html import unescape

import httpx
import pytest
from sqlalchemy import Connection

from rules.delivery import MailTemplate
from services.database.engine import begin
from services.installation import Installation
from services.outbox.queue import NewMail, queue_mails
from services.tickets.actions import acknowledge
from services.tickets.signed_links import digest_link
from tasks.evaluation.batch import write
from tests.events import confidence
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import Entries

TICKETS = "SELECT ticket_id, ticket_number, acknowledged_by FROM escalation.tickets ORDER BY ticket_number"


@pytest.fixture
def path(public: Installation, entries: Entries, connection: Connection) -> str:
    """The path of a digest of three tickets."""
    write(entries([confidence(name, 0.1) for name in ("a", "b", "c")]), public)
    digest = NewMail(
        cause=("storm",),
        template=MailTemplate.TICKET_DIGEST,
        recipients=("support@example.com",),
        rank=2,
        content={"tickets": [{"ticket_id": row["ticket_id"]} for row in rows(connection, TICKETS)]},
    )
    with begin() as own:
        queue_mails(own, [digest], "example.com")
    return str(digest_link(digest.mail_id, public.settings)).removeprefix(str(public.settings.public_url))


def press(browser: httpx.Client, path: str, *ticket_ids: str, name: str = "Maria") -> httpx.Response:
    form = re.search(r'name="form" value="([^"]+)"', browser.get(path).text)
    assert form
    ticked = {f"ticket-{ticket_id}": "on" for ticket_id in ticket_ids}
    fields = {"form": unescape(form[1]), "action": "acknowledge", "name": name, **ticked}
    return browser.post(path, data=fields, follow_redirects=True)


def test_one_press_acknowledges_those_that_are_ticked(browser: httpx.Client, path: str, connection: Connection) -> None:
    page = browser.get(path).text
    tickets = rows(connection, TICKETS)
    assert all(ticket["ticket_number"] in page for ticket in tickets)
    assert page.count("checked") == 3
    assert [ticket["acknowledged_by"] for ticket in tickets] == [None] * 3

    done = press(browser, path, tickets[0]["ticket_id"], tickets[2]["ticket_id"])
    assert (done.status_code, "Tickets that are yours now: 2" in done.text) == (200, True)
    assert [row["acknowledged_by"] for row in rows(connection, TICKETS)] == ["Maria", None, "Maria"]


def test_what_somebody_else_has_stays_theirs_and_the_others_are_taken(
    browser: httpx.Client, path: str, connection: Connection
) -> None:
    tickets = rows(connection, TICKETS)
    with begin() as own:
        acknowledge(own, tickets[1]["ticket_id"], "John")
    done = press(browser, path, *(ticket["ticket_id"] for ticket in tickets))
    assert done.status_code == 409
    assert "John" in done.text
    assert [row["acknowledged_by"] for row in rows(connection, TICKETS)] == ["Maria", "John", "Maria"]


def test_ticking_nothing_is_said(browser: httpx.Client, path: str) -> None:
    done = press(browser, path)
    assert (done.status_code, "Tick at least one ticket." in done.text) == (409, True)


def test_only_this_page_s_form_and_this_digest_s_tickets_count(
    browser: httpx.Client, path: str, connection: Connection, entries: Entries, public: Installation
) -> None:
    assert browser.post(path, data={"action": "acknowledge", "name": "Maria"}).status_code == 403
    write(entries([confidence("other", 0.1)]), public)
    other = rows(connection, TICKETS)[-1]
    press(browser, path, other["ticket_id"])
    assert rows(connection, TICKETS)[-1]["acknowledged_by"] is None
    assert browser.get("/d/nonsense").status_code == 404
