"""A page with every session of a run: what was said, what the rules saw, the ticket, its mails and their time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy import Connection

from demo.player import Played
from demo.results import body_of
from demo.timeline import Moment, list_moments, write_evidence
from services.conversation import Conversation, load_conversations
from services.mail.design import style_page
from services.ticket_details import TicketDetails, load_ticket_details

TEMPLATES: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail as the server got it."""

    subject: str
    html: str
    plain: str


@dataclass(frozen=True, slots=True)
class Station:
    """A place on the way from the event to the mail server: milliseconds after the event, and the part of the way."""

    name: str
    milliseconds: int
    percent: float


@dataclass(frozen=True, slots=True)
class SessionPage:
    """What the page shows of a session; `details` is None where it led to no ticket."""

    played: Played
    details: TicketDetails | None
    conversation: Conversation
    mails: tuple[SentMail, ...] = ()
    moments: tuple[Moment, ...] = ()
    way: tuple[Station, ...] = ()

    @property
    def title(self) -> str:
        """The recording's name without its number, as words."""
        return self.played.recording.name.partition("-")[2].replace("-", " ").capitalize()

    @property
    def priority(self) -> str:
        """The ticket's, or `none`."""
        return self.details.ticket.priority if self.details else "none"

    def evidence_in(self, message_id: str) -> list[str]:
        """What the rules saw in a message."""
        reasons = self.details.ticket.reasons if self.details else ()
        found = [evidence for reason in reasons for evidence in reason.evidence if evidence.message_id == message_id]
        return list(dict.fromkeys(f"{evidence.rule}: {write_evidence(evidence)}" for evidence in found))


def write_report(
    path: Path, played: Sequence[Played], connection: Connection, mails: Mapping[str, EmailMessage], headline: str
) -> None:
    """Write the page; it is one file and loads nothing from anywhere."""
    ids = [ticket.ticket_id for session in played for ticket in session.outcome.tickets]
    details = load_ticket_details(connection, ids)
    conversations = load_conversations(connection, [session.session_id for session in played])
    pages = [
        page for session in played for page in _make_pages(session, conversations[session.session_id], details, mails)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report_html(pages, headline), encoding="utf-8")


def report_html(pages: Sequence[SessionPage], headline: str) -> str:
    """Render the page of these sessions."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters["write_evidence"] = write_evidence
    return environment.get_template("report.html").render(pages=pages, headline=headline, tokens=Markup(style_page()))


def _make_pages(
    session: Played,
    conversation: Conversation,
    details_by_ticket: Mapping[str, TicketDetails],
    mails: Mapping[str, EmailMessage],
) -> Iterator[SessionPage]:
    if not session.outcome.tickets:
        yield SessionPage(session, None, conversation)
    for ticket in session.outcome.tickets:
        details = details_by_ticket[ticket.ticket_id]
        yield SessionPage(
            session,
            details,
            conversation,
            _find_mails(session, ticket.ticket_id, mails),
            tuple(list_moments(details)),
            tuple(_list_stations(session, details)),
        )


def _find_mails(session: Played, ticket_id: str, mails: Mapping[str, EmailMessage]) -> tuple[SentMail, ...]:
    found = [
        mails[mail.message_id]
        for mail in session.outcome.mails.values()
        if mail.ticket_id == ticket_id and mail.message_id in mails
    ]
    return tuple(SentMail(str(mail["Subject"]), body_of(mail, "html"), body_of(mail, "plain")) for mail in found)


def _list_stations(session: Played, details: TicketDetails) -> Iterator[Station]:
    """From the last event's publication to the acceptance of the ticket's first mail."""
    published, total = session.outcome.last_published_at, session.outcome.milliseconds
    if published is None or not total:
        return
    queued = min((recipient.queued_at for recipient in details.recipients), default=published)
    yield Station("event published", 0, 0.0)
    elapsed = round((queued - published).total_seconds() * 1000)
    yield Station("ticket written, mail queued", elapsed, min(max(elapsed / total * 100, 0.0), 100.0))
    yield Station("accepted by the mail server", total, 100.0)
