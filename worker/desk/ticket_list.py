"""The list of tickets: read, filtered, and rendered with a link to each ticket's page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from config.settings import Settings
from rules.reasons import PRIORITIES, Reason
from rules.ticket_states import FINISHED, UNFINISHED, TicketStatus
from services.database.engine import begin, read_clock
from services.mail.context.headline import choose_priority, describe_user, make_headline
from services.mail.i18n.labels import PRIORITIES as PRIORITY_WORDS
from services.mail.i18n.locale import LocaleFormatter
from services.mail.i18n.presenter import Presenter
from services.ticket_details import TicketDetails, load_ticket_details
from services.tickets.queries import find_tickets
from services.tickets.signed_links import token
from worker.desk.render import render_page

_MOST_TICKETS = 100
_STATES: Mapping[str, tuple[TicketStatus, ...]] = {
    "unfinished": UNFINISHED,
    "open": (TicketStatus.OPEN,),
    "in_progress": (TicketStatus.IN_PROGRESS,),
    "finished": FINISHED,
}


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What the list shows; empty words leave nothing out, `age` is in hours."""

    state: str = "unfinished"
    priority: str = ""
    organisation: str = ""
    age: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "TicketFilter":
        """Read the filter from an address; what is no choice of the form counts as not given."""
        state, priority, age = query.get("state", ""), query.get("priority", ""), query.get("age", "")
        return cls(
            state if state in _STATES else "unfinished",
            priority if priority in PRIORITIES else "",
            query.get("organisation", "")[:200],
            age if age.isascii() and age.isdecimal() and len(age) < 5 else "",
        )


def list_html(team: str, wanted: TicketFilter, settings: Settings) -> str:
    """Render the list of tickets for a team."""
    with begin() as connection:
        now = read_clock(connection)
        since = now - timedelta(hours=int(wanted.age)) if wanted.age else None
        ids = find_tickets(connection, _STATES[wanted.state], wanted.priority, since, _MOST_TICKETS)
        by_id = load_ticket_details(connection, ids)
    every = [by_id[ticket_id] for ticket_id in ids if ticket_id in by_id]
    presenter = make_presenter(settings)
    shown = [details for details in every if wanted.organisation in {"", _name_organisation(details)}]
    organisations = sorted({name for details in every if (name := _name_organisation(details))})
    variables = {
        "team": team,
        "filters": asdict(wanted),
        "filtered": wanted != TicketFilter(),
        "priorities": [(priority, presenter.word(priority, PRIORITY_WORDS)) for priority in reversed(PRIORITIES)],
        "organisations": [(name, presenter.name(name)) for name in organisations],
        "tickets": [present_ticket(details, presenter, settings, now) for details in shown],
        "danger_count": sum(Reason.SAFETY_CONCERN in details.ticket.reason_names for details in shown),
    }
    return render_page("desk/list.html", variables, settings)


def _name_organisation(details: TicketDetails) -> str:
    organisation = details.user.organisation if details.user else None
    return (organisation.name or "") if organisation else ""


def make_presenter(settings: Settings) -> Presenter:
    """Render for the support team."""
    return Presenter(LocaleFormatter(settings.support_language, ZoneInfo(settings.support_time_zone)))


def present_ticket(
    details: TicketDetails, presenter: Presenter, settings: Settings, now: datetime, pages: str = "t/"
) -> dict[str, Any]:
    """Prepare a ticket for a list; `now` is PostgreSQL's, and `pages` leads from the list to the tickets' pages."""
    ticket, priority = details.ticket, choose_priority(details)
    return {
        "href": f"{pages}{token(ticket.ticket_id, settings)}",
        "number": presenter.name(ticket.number),
        "priority": priority,
        "priority_words": presenter.say(PRIORITY_WORDS[priority]),
        "headline": make_headline(details, presenter),
        "who": describe_user(details, presenter),
        "age": presenter.formatter.duration(now - ticket.opened_at),
        "status": ticket.status,
        "taken_by": presenter.name(ticket.acknowledged_by) if ticket.acknowledged_at else "",
        "is_hurt": details.hurt == "said",
    }
