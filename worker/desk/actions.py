"""What the page reads and does, each in one short transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from config.settings import Settings
from rules.contacts import Contact
from rules.ticket_states import Refusal
from services.database.engine import begin, read_clock
from services.installation import get_installation
from services.monitoring.log_context import ticket_trace
from services.ticket_details import TicketDetails, TimelineEntry, load_ticket_details, load_timeline
from services.tickets.actions import acknowledge, note, reassign, release, reopen, resolve, snooze
from services.tickets.queries import TicketNotFound
from services.tickets.trigger_feedback import give_feedback, read_feedback
from services.tickets.validation import UnfitText
from worker.desk.words import say_refusal, words_in

logger = structlog.get_logger()

_FEEDBACK = "feedback-"
DELETED = "This ticket has been deleted."
NOT_READ = "The form cannot be read."
ONLY_WATCHES = "Nothing can be changed at the moment: the worker only watches (MODE=shadow)."
ANSWERS = {
    "acknowledge": "It is yours. Nobody else is asked any more.",
    "release": "You gave it back.",
    "reassign": "They get a mail now. Until they acknowledge it, the ticket counts as not taken.",
    "note": "Your note is kept.",
    "snooze": "Nobody is reminded until then.",
    "resolve": "Marked as solved. Thank you.",
    "reopen": "The ticket is open again.",
    "feedback": "Thank you for your feedback.",
}


@dataclass(frozen=True, slots=True)
class ShownTicket:
    """A ticket as its page shows it.

    `now` is PostgreSQL's. `said` is the answer to what was just done; `wrong` says why the action `failed` was refused,
    and `typed` holds what its form held. `name` is the reader's, as they gave it last; `contacts` are whom the ticket
    can be handed over to. `whole`: nothing of the conversation and the steps is left out.
    """

    details: TicketDetails
    feedback: Mapping[str, str]
    now: datetime
    timeline: Sequence[TimelineEntry] = ()
    said: str = ""
    wrong: str = ""
    failed: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    contacts: Sequence[Contact] = ()
    whole: bool = False


def read_ticket(ticket_id: str) -> ShownTicket:
    """Read the ticket as it is now.

    :raises TicketNotFound: it has been deleted
    """
    with begin() as connection:
        details = load_ticket_details(connection, [ticket_id]).get(ticket_id)
        if details is None or details.ticket.status is None:
            raise TicketNotFound(DELETED)
        feedback, timeline = read_feedback(connection, ticket_id), load_timeline(connection, details)
        now = read_clock(connection)
    return ShownTicket(details, feedback, now, timeline, contacts=get_installation().contacts.contacts)


def act(ticket_id: str, fields: Mapping[str, str], settings: Settings) -> str | None:
    """Do what a form asks for; return why it was refused in the support team's language, or None."""
    if settings.mode == "shadow":
        return words_in(settings.support_language).gettext(ONLY_WATCHES)
    try:
        with begin() as connection:
            _do(connection, ticket_id, fields)
            trace = ticket_trace(connection, ticket_id)
    except Refusal as error:
        return say_refusal(error, settings.support_language)
    logger.info("ticket_page_used", action=fields["action"], **trace)
    return None


def _do(connection: Connection, ticket_id: str, fields: Mapping[str, str]) -> None:
    who, words = fields.get("name", ""), fields.get("note", "")
    match fields.get("action"):
        case "acknowledge":
            acknowledge(connection, ticket_id, who)
        case "release":
            release(connection, ticket_id, who)
        case "reassign":
            _reassign(connection, ticket_id, fields.get("contact", ""), who)
        case "note":
            note(connection, ticket_id, words, who)
        case "snooze":
            snooze(connection, ticket_id, _read_end(connection, fields.get("minutes", "")), who)
        case "resolve":
            resolve(connection, ticket_id, words, who)
        case "reopen":
            reopen(connection, ticket_id, who)
        case "feedback":
            given = {name.removeprefix(_FEEDBACK): value for name, value in fields.items() if _FEEDBACK in name}
            give_feedback(connection, ticket_id, given, who)
        case _:
            raise UnfitText(NOT_READ)


def _reassign(connection: Connection, ticket_id: str, key: str, who: str) -> None:
    installation = get_installation()
    contact = next((contact for contact in installation.contacts.contacts if contact.key == key), None)
    if contact is None:
        raise UnfitText("Choose a contact of the list: this one is not on it any more.")
    reassign(connection, ticket_id, contact, who, installation)


def _read_end(connection: Connection, minutes: str) -> datetime:
    if not (minutes.isascii() and minutes.isdecimal() and len(minutes) <= 5):
        raise UnfitText(NOT_READ)
    return read_clock(connection) + timedelta(minutes=int(minutes))
