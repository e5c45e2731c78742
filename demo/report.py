"""A page with every ticket of a run: its mail as sent, its evidence, its time line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Connection

from demo.player import Played
from demo.results import body_of
from demo.timeline import Moment, evidence_lines, timeline_of
from services.ticket_details import TicketDetails, load_ticket_details

TEMPLATES: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail as the server got it."""

    subject: str
    html: str
    plain: str


@dataclass(frozen=True, slots=True)
class ReportPage:
    """What the page shows of a ticket."""

    played: Played
    details: TicketDetails
    mails: tuple[SentMail, ...]
    moments: tuple[Moment, ...]


def write_report(
    path: Path, played: Sequence[Played], connection: Connection, mails: Mapping[str, EmailMessage], headline: str
) -> None:
    """Write the page; it is one file and loads nothing from anywhere."""
    ids = [ticket.ticket_id for one in played for ticket in one.outcome.tickets]
    details_by_ticket = load_ticket_details(connection, ids)
    pages = [
        ReportPage(
            one,
            details_by_ticket[ticket.ticket_id],
            sent(one, ticket.ticket_id, mails),
            tuple(timeline_of(details_by_ticket[ticket.ticket_id])),
        )
        for one in played
        for ticket in one.outcome.tickets
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report_html(pages, [one for one in played if not one.outcome.tickets], headline), encoding="utf-8")


def report_html(pages: Sequence[ReportPage], quiet: Sequence[Played], headline: str) -> str:
    """The page of these tickets, and of the sessions that led to none."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters["evidence_lines"] = evidence_lines
    return environment.get_template("report.html").render(pages=pages, quiet=quiet, headline=headline)


def sent(played: Played, ticket_id: str, mails: Mapping[str, EmailMessage]) -> tuple[SentMail, ...]:
    found = [
        mails[mail.message_id]
        for mail in played.outcome.mails.values()
        if mail.ticket_id == ticket_id and mail.message_id in mails
    ]
    return tuple(SentMail(str(one["Subject"]), body_of(one, "html"), body_of(one, "plain")) for one in found)
