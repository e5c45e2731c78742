"""What the page reads and does, each in one short transaction."""

from collections.abc import Mapping

import structlog
from sqlalchemy import Connection

from config.settings import Settings
from rules.ticket_states import TakenAlready, TicketRefused
from services.database.engine import begin
from services.monitoring.log_context import ticket_trace
from services.ticket_details import load_ticket_details
from services.tickets.actions import acknowledge, resolve
from services.tickets.queries import TicketNotFound
from services.tickets.trigger_feedback import give_feedback, read_feedback
from services.tickets.validation import UnfitText
from worker.desk.pages import Shown
from worker.desk.words import words_in

logger = structlog.get_logger()

_VERDICT = "verdict-"
SAID = {
    "take": "It is yours. Nobody else is asked any more.",
    "resolve": "Marked as solved. Thank you.",
    "verdict": "Thank you for your verdict.",
}


def read(ticket_id: str, settings: Settings, said: str = "", wrong: str = "") -> Shown:
    """The ticket as it is now.

    :raises TicketNotFound: it has been deleted
    """
    with begin() as connection:
        details = load_ticket_details(connection, [ticket_id]).get(ticket_id)
        verdicts = read_feedback(connection, ticket_id)
    if details is None or details.ticket.status is None:
        raise TicketNotFound("This ticket has been deleted.")
    return Shown(
        details, verdicts, words_in(settings.support_language).gettext(SAID[said]) if said in SAID else "", wrong
    )


def act(ticket_id: str, fields: Mapping[str, str], settings: Settings) -> str | None:
    """Do what a form asks for; return why it was refused, or None."""
    if settings.mode == "shadow":
        return "Nothing can be changed at the moment: the worker only watches (MODE=shadow)."
    try:
        with begin() as connection:
            done(connection, ticket_id, fields)
            trace = ticket_trace(connection, ticket_id)
    except TakenAlready as error:
        say = words_in(settings.support_language).gettext
        return say("%(name)s has taken this ticket already.") % {"name": error.holder or say("Somebody else")}
    except (TicketRefused, UnfitText) as error:
        return str(error)
    logger.info("ticket_page_used", action=fields["action"], **trace)
    return None


def done(connection: Connection, ticket_id: str, fields: Mapping[str, str]) -> None:
    who = fields.get("name", "")
    match fields.get("action"):
        case "take":
            acknowledge(connection, ticket_id, who)
        case "resolve":
            resolve(connection, ticket_id, fields.get("note", ""), who)
        case "verdict":
            verdicts = {
                name.removeprefix(_VERDICT): value for name, value in fields.items() if name.startswith(_VERDICT)
            }
            give_feedback(connection, ticket_id, verdicts, who)
        case _:
            raise UnfitText("the form should ask for take, resolve or verdict")
