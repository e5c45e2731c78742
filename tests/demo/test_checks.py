"""The demo's checks fail when something is not as it should be: each of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from uuid import uuid4

import pytest

from demo.checks import missing, settled
from demo.recording import Expectation, RecordedEvent, Recording
from demo.results import PlayedMail, PlayedTicket, SessionResult

PUBLISHED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
EXPECTATION = Expectation(("user_request",), "medium", 1, 1, ("Shuna <1>",))
RECORDING = Recording(
    "a", "about", "source", EXPECTATION, tuple(RecordedEvent(n, n, "x", {}, bad=n == 4) for n in (2, 3, 4))
)
TICKET = PlayedTicket("t", "AB-20261124-0001", "medium", ("user_request",), "escalated")


def mail(**changes: object) -> PlayedMail:
    found = PlayedMail(uuid4(), "t", "ticket_opened", "<m@example.com>", ["accepted", "accepted"])
    found.accepted_at = PUBLISHED + timedelta(milliseconds=180)
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def outcome(**changes: object) -> SessionResult:
    opening = mail()
    good = SessionResult(2, 1, PUBLISHED, [TICKET], {opening.mail_id: opening})
    for name, value in changes.items():
        setattr(good, name, value)
    return good


def message(
    subject: str = "AB-20261124-0001", plain: str = "Machine Shuna\n <1>", html: str = "<p>Shuna &lt;1&gt;</p>"
) -> EmailMessage:
    built = EmailMessage()
    built["Subject"] = subject
    built.set_content(plain)
    if html:
        built.add_alternative(html, subtype="html")
    return built


def problems(found: SessionResult, sent: EmailMessage | None = None) -> str:
    return "; ".join(missing(RECORDING, found, {"<m@example.com>": sent or message()}))


def test_what_is_as_expected_is_no_problem() -> None:
    assert problems(outcome()) == ""
    assert settled(RECORDING, outcome())
    assert outcome().milliseconds == 180


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (outcome(decided=1), "1 of 2 events decided"),
        (outcome(rejected=0), "0 events set aside instead of 1"),
        (outcome(tickets=[]), "0 tickets instead of 1"),
        (outcome(tickets=[TICKET, TICKET]), "2 tickets instead of 1"),
        (outcome(tickets=[replace(TICKET, reasons=("expert_required",))]), "expert_required instead of user_request"),
        (outcome(tickets=[replace(TICKET, priority="urgent")]), "priority urgent instead of medium"),
        (outcome(tickets=[replace(TICKET, session_status="active")]), "session active instead of escalated"),
        (outcome(mails={}), "0 mails of a new ticket instead of 1"),
        (outcome(mails={1: mail(states=["accepted", "held"], replies=["535"])}), "ticket_opened is accepted, held 535"),
        (outcome(mails={1: mail(message_id="<other>")}), "is not in the mail server's folder"),
    ],
)
def test_whatever_is_wrong_is_named(found: SessionResult, problem: str) -> None:
    assert problem in problems(found)


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (message(html=""), "lacks its text or HTML part"),
        (message(subject="Help"), "has a subject without AB-20261124-0001"),
        (message(html="<p><SCRIPT>x</p>"), "has a script in its HTML"),
        (message(plain="Machine Shuna 1"), "does not show 'Shuna <1>'"),
    ],
)
def test_a_mail_that_is_wrong_is_named(sent: EmailMessage, problem: str) -> None:
    assert problem in problems(outcome(), sent)


@pytest.mark.parametrize(
    "change",
    [
        lambda: outcome(decided=1),
        lambda: outcome(tickets=[]),
        lambda: outcome(mails={}),
        lambda: outcome(mails={1: mail(states=["queued"])}),
    ],
)
def test_the_demo_waits_while_something_is_still_to_come(change: Callable[[], SessionResult]) -> None:
    assert not settled(RECORDING, change())


def test_a_quiet_session_is_settled_when_all_is_decided() -> None:
    quiet = replace(RECORDING, expectation=Expectation((), None, 0, 1, ()))
    assert settled(quiet, outcome(tickets=[], mails={}))
    assert missing(quiet, outcome(), {"<m@example.com>": message()})[0] == "1 tickets instead of 0"
