"""What a digest tells: how many tickets of one likely cause, and a line with a link of its own for each."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from config.settings import Settings
from rules.foreign_words import known_priority
from rules.reasons import REASONS, by_gravity
from services.mail.i18n.labels import CATEGORIES, PRIORITIES, SHORT_REASONS
from services.mail.i18n.presenter import Presenter
from services.mail.outbox_row import MailRow
from services.tickets.signed_links import link


def add_ticket_links(mail: MailRow, settings: Settings) -> MailRow:
    """Return the digest with the address of each ticket's page."""
    tickets = [ticket | {"link": link(ticket["ticket_id"], settings)} for ticket in mail.content["tickets"]]
    return replace(mail, content=mail.content | {"tickets": tickets})


def digest_variables(mail: MailRow, presenter: Presenter, link: str | None) -> dict[str, Any]:
    """The variables of the digest's templates."""
    tickets = [_present_ticket(ticket, presenter) for ticket in mail.content["tickets"]]
    since = datetime.fromisoformat(mail.content["since"])
    count = presenter.count("%(number)s further ticket", "%(number)s further tickets", len(tickets))
    return {
        "count": count,
        "cause": _present_cause(mail.content["cause"], presenter),
        "since": presenter.formatter.since(since, mail.queued_at),
        "tickets": tickets,
        "link": link,
        "title": count,
        "preheader": "",
        "priority": "high",
    }


def _present_cause(cause: Mapping[str, Any] | None, presenter: Presenter) -> str:
    if cause is None:
        return ""
    value, count = presenter.name(cause["value"]), presenter.formatter.number(cause["count"])
    match cause["kind"]:
        case "model":
            return presenter.say("%(count)s of them are about the model %(value)s.", count=count, value=value)
        case "category":
            kind = presenter.word(cause["value"], CATEGORIES)
            return presenter.say("%(count)s of them are about one kind of problem: %(value)s.", count=count, value=kind)
    return presenter.say("%(count)s of them come from one organisation: %(value)s.", count=count, value=value)


def _present_ticket(ticket: Mapping[str, Any], presenter: Presenter) -> dict[str, Any]:
    priority = known_priority(ticket["priority"])
    reason = next(iter(by_gravity(reason for reason in ticket["reasons"] if reason in REASONS)), "")
    causes = ticket["causes"]
    about = [presenter.word(causes["category"], CATEGORIES)] if "category" in causes else []
    about += [presenter.name(causes[kind]) for kind in ("model", "organisation") if kind in causes]
    return {
        "number": presenter.name(ticket["number"]),
        "priority": priority,
        "priority_words": presenter.word(priority, PRIORITIES),
        "reason": presenter.word(reason, SHORT_REASONS),
        "about": about,
        "moment": presenter.formatter.clocks(datetime.fromisoformat(ticket["at"])),
        "link": ticket.get("link"),
    }
