"""Results read back from PostgreSQL, and the page that shows them."""

from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from demo.player import Played
from demo.recording import Recording, load_recordings
from demo.report import write_report
from demo.results import read_mails, read_outcome
from demo.timeline import write_evidence
from services.conversation import Evidence
from tests.services.escalated import escalate

HOSTILE = next(one for one in load_recordings() if "markup" in one.name)
QUIET = next(one for one in load_recordings() if not one.expectation.reasons)


def played(connection: Connection, recording: Recording) -> Played:
    run = uuid4()
    session_id = recording.session_id(run)
    escalate(connection, recording.events(run, datetime.now(UTC)))
    accepted = "UPDATE escalation.mail_recipients SET state = 'accepted', accepted_at = clock_timestamp()"
    connection.execute(text(accepted))
    return Played(recording, session_id, read_outcome(connection, session_id))


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_what_came_of_a_session_is_read_back(seeded: Connection) -> None:
    outcome = played(seeded, HOSTILE).outcome
    (ticket,) = outcome.tickets
    assert (ticket.reasons, ticket.priority, ticket.session_status) == (("user_request",), "medium", "escalated")
    assert outcome.decided == len(HOSTILE.lines)
    assert [mail.template for mail in outcome.opening] == ["ticket_opened"]
    assert outcome.opening[0].accepted
    assert outcome.milliseconds is not None


def test_a_session_that_led_to_nothing_has_no_milliseconds(seeded: Connection) -> None:
    outcome = played(seeded, QUIET).outcome
    assert (outcome.tickets, outcome.mails, outcome.milliseconds) == ([], {}, None)


@pytest.mark.parametrize(("observed", "words"), [(0.5714, "0.57"), (8, "8"), ("low", "low")])
def test_evidence_is_written_whatever_was_observed(observed: float | str, words: str) -> None:
    evidence = Evidence(rule="expert_required", observed=observed, limit=0.45)
    assert write_evidence(evidence) == f"observed {words}, limit 0.45"


def test_the_page_shows_mail_and_evidence_and_runs_nothing(seeded: Connection, tmp_path: Path) -> None:
    noisy, quiet = played(seeded, HOSTILE), played(seeded, QUIET)
    sent = EmailMessage()
    sent["Subject"], sent["Message-ID"] = "<b>Subject</b>", noisy.outcome.opening[0].message_id
    sent.set_content("the text part")
    sent.add_alternative('<p title="x">the "HTML" part</p>', subtype="html")
    (tmp_path / "1.eml").write_bytes(sent.as_bytes())
    page = tmp_path / "deep" / "index.html"
    write_report(page, [noisy, quiet], seeded, read_mails(tmp_path), "demo ok: sessions=2")
    html = page.read_text(encoding="utf-8")
    elements = Elements(html).found
    names = {name for name, _ in elements}
    assert names.isdisjoint({"script", "img", "b", "object", "link"})
    (frame,) = [attributes for name, attributes in elements if name == "iframe"]
    assert frame["sandbox"] == ""
    assert '<p title="x">the "HTML" part</p>' in (frame["srcdoc"] or "")
    assert "the text part" in html
    assert "let me speak to a human" in html
    assert noisy.outcome.tickets[0].number in html
    assert QUIET.name in html
