"""Whether a session led to what its first line says; whatever did not is named."""

from collections.abc import Iterator, Mapping
from email.message import EmailMessage

from demo.recording import Recording
from demo.results import PlayedMail, PlayedTicket, SessionResult, body_of


def settled(recording: Recording, outcome: SessionResult) -> bool:
    """Nothing more is to come: every event is decided and every mail is accepted."""
    expected = recording.expectation
    return (
        outcome.decided + outcome.rejected >= len(recording.lines)
        and len(outcome.tickets) >= bool(expected.reasons)
        and len(outcome.opening) >= expected.mails
        and all(mail.accepted for mail in outcome.mails.values())
    )


def missing(recording: Recording, outcome: SessionResult, mails: Mapping[str, EmailMessage]) -> list[str]:
    """What is not as expected, in words."""
    return [
        *_wrong_events(recording, outcome),
        *_wrong_ticket(recording, outcome),
        *_wrong_mails(recording, outcome, mails),
    ]


def _wrong_events(recording: Recording, outcome: SessionResult) -> Iterator[str]:
    expected = recording.expectation.rejected
    good = len(recording.lines) - expected
    if outcome.decided != good:
        yield f"{outcome.decided} of {good} events decided"
    if recording.questions and outcome.questions != recording.questions:
        yield f"{outcome.questions} questions to the user instead of {recording.questions}"
    if outcome.rejected != expected:
        yield f"{outcome.rejected} events set aside instead of {expected}"


def _wrong_ticket(recording: Recording, outcome: SessionResult) -> Iterator[str]:
    expected = recording.expectation
    if len(outcome.tickets) != bool(expected.reasons):
        yield f"{len(outcome.tickets)} tickets instead of {int(bool(expected.reasons))}"
    for ticket in outcome.tickets:
        if set(ticket.reasons) != set(expected.reasons):
            yield f"reasons {', '.join(ticket.reasons)} instead of {', '.join(expected.reasons) or 'none'}"
        if ticket.priority != expected.priority:
            yield f"priority {ticket.priority} instead of {expected.priority}"
        if ticket.session_status != "escalated":
            yield f"session {ticket.session_status} instead of escalated"


def _wrong_mails(recording: Recording, outcome: SessionResult, mails: Mapping[str, EmailMessage]) -> Iterator[str]:
    if len(outcome.opening) != recording.expectation.mails:
        yield f"{len(outcome.opening)} mails of a new ticket instead of {recording.expectation.mails}"
    for mail in outcome.mails.values():
        if not mail.accepted:
            yield f"mail {mail.template} is {', '.join(mail.states)} {' '.join(mail.replies)}".rstrip()
        elif mail.message_id not in mails:
            yield f"mail {mail.template} was accepted and is not in the mail server's folder"
        else:
            yield from _wrong_mail(recording, outcome.tickets, mail, mails[mail.message_id])


def _wrong_mail(
    recording: Recording, tickets: list[PlayedTicket], mail: PlayedMail, message: EmailMessage
) -> Iterator[str]:
    """A mail has both parts, names the ticket, shows what is expected, and runs nothing."""
    plain, html = body_of(message, "plain"), body_of(message, "html")
    number = next((ticket.number for ticket in tickets if ticket.ticket_id == mail.ticket_id), "")
    if not plain or not html:
        yield f"mail {mail.template} lacks its text or HTML part"
    if number not in str(message["Subject"]):
        yield f"mail {mail.template} has a subject without {number}"
    if "<script" in html.lower():
        yield f"mail {mail.template} has a script in its HTML"
    if mail.template == "ticket_opened":
        words = " ".join(plain.split())
        yield from (f"mail does not show {text!r}" for text in recording.expectation.shows if text not in words)
