"""How to reach the user and those who can help: numbers to call, addresses to write to."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from unicodedata import digit
from urllib.parse import quote

from rules.reasons import by_gravity
from rules.routing import HOW_SOON
from services.mail.headers import address_of
from services.mail.i18n.labels import ACTION_WORDS
from services.mail.i18n.presenter import Presenter
from services.mail.sanitize import one_line
from services.ticket_details import ContactCard, TicketDetails

# In free text only numbers with a country's code are taken for one (ITU-T E.123); 15 digits at most (E.164).
# The first number of what was left: an extension or a second number must not be dialled along with it.
_FIRST_PHONE: Final = re.compile(r"\+?\(?\d(?:[\d ().-]|/(?=\d))*")
_WRITTEN_PHONE: Final = re.compile(r"\+\d(?:[\d ().-]{5,}\d)")
FEWEST_DIGITS, MOST_DIGITS = 5, 15


@dataclass(frozen=True, slots=True)
class _Button:
    """A link to press: what it does, its target, and what is shown of that."""

    label: str
    href: str
    shown: str


@dataclass(frozen=True, slots=True)
class _Helper:
    """A contact to recommend, with buttons."""

    name: str
    specialization: str
    hours: str
    buttons: tuple[_Button, ...]


def buttons(details: TicketDetails, presenter: Presenter) -> list[_Button]:
    """To call and to write to the user; the number that was left for it comes first."""
    return [*_calls(details, presenter), *_writes(details, presenter)]


def _calls(details: TicketDetails, presenter: Presenter) -> Iterator[_Button]:
    if details.callback_phone:
        yield from call(presenter.say("Call back"), details.callback_phone)
    elif details.user and details.user.organisation:
        for phone in _WRITTEN_PHONE.findall(one_line(details.user.organisation.contact_info))[:1]:
            yield from call(presenter.say("Call the organisation"), phone)


def call(label: str, phone: str) -> Iterator[_Button]:
    """A button for what is a telephone number; RFC 3966 wants digits alone, and those of ASCII."""
    shown = one_line(phone)
    found = _FIRST_PHONE.search(shown)
    number = found.group() if found else ""
    digits = "".join(str(digit(letter)) for letter in number if letter.isdecimal())
    if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        yield _Button(label, f"tel:{'+' if number.startswith('+') else ''}{digits}", shown)


def _writes(details: TicketDetails, presenter: Presenter) -> Iterator[_Button]:
    if details.user:
        yield from _write(presenter.say("Write to the user"), details.user.email, details.ticket.number)


def _write(label: str, address: str | None, subject: str) -> Iterator[_Button]:
    """A button for what is a mail address, with the ticket's number as subject (RFC 6068)."""
    if found := address_of(address):
        yield _Button(label, f"mailto:{quote(found, safe='@')}?subject={quote(one_line(subject))}", one_line(address))


def helper(card: ContactCard, number: str, presenter: Presenter) -> _Helper:
    links = [*call(presenter.say("Call"), card.phone or ""), *_write(presenter.say("Write"), card.email, number)]
    return _Helper(
        name=presenter.name(card.name or card.email),
        specialization=presenter.name(card.specialization),
        hours=presenter.name(card.hours),
        buttons=tuple(links),
    )


def action(details: TicketDetails, presenter: Presenter) -> str:
    """What to do first, by the gravest reason; another writer's ticket has its own words or none."""
    known = by_gravity(name for name in details.ticket.reason_names if name in ACTION_WORDS)
    if not known:
        return presenter.short(details.advice.action) if details.advice else ""
    how_soon = HOW_SOON.get(details.ticket.priority, "").strip()
    return " ".join(filter(None, [presenter.say(how_soon) if how_soon else "", presenter.say(ACTION_WORDS[known[0]])]))


def _sent_to(addresses: Iterable[str], presenter: Presenter) -> list[str]:
    return [presenter.name(address) for address in addresses]
