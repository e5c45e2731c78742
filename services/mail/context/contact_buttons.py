"""How to reach the user and those who can help: numbers to call, addresses to write to."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from unicodedata import digit
from urllib.parse import quote

from rules.reasons import Reason, by_gravity
from services.mail.headers import address_of
from services.mail.i18n.labels import ACTION_WORDS
from services.mail.i18n.presenter import Presenter
from services.mail.sanitize import isolated, one_line
from services.ticket_details import ContactCard, TicketDetails

# In free text only numbers with a country's code are taken for one (ITU-T E.123); 15 digits at most (E.164).
# The first number of what was left: an extension or a second number must not be dialled along with it.
_FIRST_PHONE: Final = re.compile(r"\+?\(?\d(?:[\d ().-]|/(?=\d))*")
_WRITTEN_PHONE: Final = re.compile(r"\+\d(?:[\d ().-]{5,}\d)")
# The same few people stand in most mails.
_quoted = lru_cache(maxsize=256)(quote)
_FEWEST_DIGITS, _MOST_DIGITS = 5, 15


@dataclass(frozen=True, slots=True)
class _Button:
    """A link to press: what it does, its target, and what is shown of that."""

    label: str
    href: str
    shown: str

    @property
    def is_call(self) -> bool:
        return self.href.startswith("tel:")


@dataclass(frozen=True, slots=True)
class _Helper:
    """A contact to recommend, with buttons."""

    name: str
    specialization: str
    hours: str
    buttons: tuple[_Button, ...]


def list_buttons(details: TicketDetails, presenter: Presenter) -> list[_Button]:
    """Buttons to call and to write to the user; the number that the user left comes first."""
    return list(_user_buttons(details, presenter))


def _user_buttons(details: TicketDetails, presenter: Presenter) -> Iterator[_Button]:
    if details.callback_phone:
        yield from make_call_buttons(presenter.say("Call back"), details.callback_phone)
    elif details.organisation:
        for phone in _WRITTEN_PHONE.findall(one_line(details.organisation.contact_info))[:1]:
            yield from make_call_buttons(presenter.say("Call the organisation"), phone)
    if details.user:
        yield from _make_mail_buttons(presenter.say("Write to the user"), details.user.email, details.ticket.number)


def make_call_buttons(label: str, phone: str) -> Iterator[_Button]:
    """A button for what is a telephone number."""
    shown = one_line(phone)
    if href := _call_address(shown):
        yield _Button(label, href, shown)


@lru_cache(maxsize=1_000)
def _call_address(phone: str) -> str:
    """RFC 3966 wants digits alone, and those of ASCII; nothing where there is no telephone number."""
    found = _FIRST_PHONE.search(phone)
    number = found.group() if found else ""
    digits = "".join(str(digit(letter)) for letter in number if letter.isdecimal())
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return ""
    return f"tel:{'+' if number.startswith('+') else ''}{digits}"


def _make_mail_buttons(label: str, address: str | None, subject: str) -> Iterator[_Button]:
    """A button for what is a mail address, with the ticket's number as subject (RFC 6068)."""
    if found := address_of(address):
        yield _Button(
            label, f"mailto:{_quoted(found, safe='@')}?subject={_quoted(one_line(subject))}", one_line(address)
        )


def present_contact(card: ContactCard, number: str, presenter: Presenter) -> _Helper:
    calls = make_call_buttons(presenter.say("Call"), card.phone or "")
    mails = _make_mail_buttons(presenter.say("Write"), card.email, number)
    return _Helper(
        name=presenter.name(card.name or card.email),
        specialization=presenter.name(card.specialization),
        hours=presenter.formatter.working_hours(presenter.name(card.hours)),
        buttons=(*calls, *mails),
    )


def recommend_action(details: TicketDetails, presenter: Presenter, buttons: Sequence[_Button]) -> str:
    """Say what to do, by the gravest reason; another writer's ticket has its own words or none.

    Nobody is told to call where no telephone number is known, but whom to ask.
    """
    known = by_gravity(name for name in details.ticket.reason_names if name in ACTION_WORDS)
    if not known:
        return presenter.short(details.advice.action) if details.advice else ""
    danger = known[0] == Reason.SAFETY_CONCERN
    if any(button.is_call for button in buttons) or (buttons and not danger):
        return presenter.say(ACTION_WORDS[known[0]])
    if danger:
        action = presenter.say("Make sure that nobody is in danger and that the machine is off.")
    else:
        action = presenter.say(ACTION_WORDS[known[0]])
    return f"{action} {_say_whom_to_ask(details, presenter)}"


def _say_whom_to_ask(details: TicketDetails, presenter: Presenter) -> str:
    """Who can tell how to reach the user: the organisation, those at the machine, else ABParts."""

    def named(text: str) -> str:
        return isolated(presenter.name(text), presenter.language)

    if details.organisation and details.organisation.name:
        name = named(details.organisation.name)
        return presenter.say("No telephone number of the user is known: ask %(name)s.", name=name)
    if details.machine and details.machine.name:
        name = named(details.machine.name)
        return presenter.say(
            "No telephone number of the user is known: ask who works with the machine %(name)s.", name=name
        )
    session = named(details.session.session_id)
    return presenter.say(
        "No telephone number of the user is known: look for the session %(session)s in ABParts.", session=session
    )
