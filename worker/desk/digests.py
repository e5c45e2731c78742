"""The page behind a digest's link: its tickets, and one press that acknowledges those that are ticked."""

from collections.abc import Mapping
from uuid import UUID

from starlette.exceptions import HTTPException

from config.settings import Settings
from rules.ticket_states import UNFINISHED, Refusal
from services.database.engine import begin, read_clock
from services.outbox.digest import list_tickets_of_digest
from services.ticket_details import TicketDetails, load_ticket_details
from services.tickets.actions import acknowledge
from services.tickets.queries import TicketNotFound
from services.tickets.signed_links import form_token
from worker.desk.actions import DELETED
from worker.desk.render import render_page
from worker.desk.ticket_list import make_presenter, present_ticket
from worker.desk.words import say_refusal, words_in

_TICKED = "ticket-"
NOTHING_TICKED = "Tick at least one ticket."
ALL_DELETED = "The tickets of this mail have been deleted."


def digest_html(mail_id: UUID, token: str, settings: Settings, name: str = "", wrong: str = "", done: int = 0) -> str:
    """Render the tickets of a digest as they are now.

    :raises HTTPException: 410, none of its tickets is left
    """
    with begin() as connection:
        ids = list_tickets_of_digest(connection, mail_id)
        known, now = load_ticket_details(connection, ids), read_clock(connection)
    tickets = [known[ticket_id] for ticket_id in ids if ticket_id in known]
    if not tickets:
        raise HTTPException(410, ALL_DELETED)
    presenter = make_presenter(settings)
    variables = {
        "tickets": [
            present_ticket(details, presenter, settings, now, "../t/")
            | {"id": details.ticket.ticket_id, "free": _is_free(details)}
            for details in tickets
        ],
        "free_count": sum(_is_free(details) for details in tickets),
        "form": form_token(f"digest:{mail_id}", settings),
        "token": token,
        "name": name,
        "wrong": wrong,
        "done": done,
    }
    return render_page("desk/digest.html", variables, settings)


def _is_free(details: TicketDetails) -> bool:
    return details.ticket.status in UNFINISHED and details.ticket.acknowledged_at is None


def acknowledge_ticked(mail_id: UUID, fields: Mapping[str, str], settings: Settings) -> tuple[int, str]:
    """Acknowledge the tickets of a digest that are ticked; return how many are the reader's now, and what went wrong.

    Each in a transaction of its own: one that somebody else has taken must not keep back the others.
    """
    with begin() as connection:
        ids = list_tickets_of_digest(connection, mail_id)
    ticked = [ticket_id for ticket_id in ids if f"{_TICKED}{ticket_id}" in fields]
    if not ticked:
        return 0, words_in(settings.support_language).gettext(NOTHING_TICKED)
    problems: list[str] = []
    taken = sum(_acknowledge(ticket_id, fields.get("name", ""), settings, problems) for ticket_id in ticked)
    return taken, " ".join(dict.fromkeys(problems))


def _acknowledge(ticket_id: str, who: str, settings: Settings, problems: list[str]) -> bool:
    try:
        with begin() as connection:
            acknowledge(connection, ticket_id, who)
    except TicketNotFound:
        problems.append(words_in(settings.support_language).gettext(DELETED))
        return False
    except Refusal as error:
        problems.append(say_refusal(error, settings.support_language))
        return False
    return True
