"""Whom to contact and whom to mail."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rules.contacts import GENERAL, Contact, ContactBook, Route
from rules.duty import duty_changes, on_duty
from rules.reasons import Priority, Reason, by_gravity
from rules.recommendation import WhyPart, in_english

__all__ = ["Contact", "ContactBook", "Recommendation", "recipients", "recommend", "recommended_action"]

MOST_ALTERNATIVES: Final = 3
ACTIONS: Final[Mapping[str, str]] = {
    Reason.SAFETY_CONCERN: "call the user and make sure that nobody is in danger and that the machine is off.",
    Reason.USER_REQUEST: "contact the user, who asked for a person.",
    Reason.EXPERT_REQUIRED: "check the diagnosis as an expert and contact the user.",
    Reason.COMPLEX_ISSUE: "read the whole session and take the troubleshooting over.",
    Reason.LOW_CONFIDENCE: "check the assistant's diagnosis, then confirm or correct it with the user.",
    Reason.STEPS_EXCEEDED: "look through the steps tried so far and go on from there with the user.",
}
_TO_NOBODY_KNOWN: Final = "make sure that nobody is in danger and that the machine is off."
_USER_UNKNOWN: Final = " The user is not known: ask who works with the machine, or look for the session in ABParts."
_HOW_SOON: Final[Mapping[str, str]] = {Priority.URGENT: "At once: ", Priority.HIGH: "As soon as possible: "}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Who should be contacted, who else can be, and why, in English and as data."""

    primary: Contact
    alternatives: tuple[Contact, ...]
    why: str
    why_parts: tuple[WhyPart, ...]

    def as_expert_contact_info(
        self, ticket_number: str, escalation_reason: str, recommended_action: str
    ) -> dict[str, Any]:
        """What ABParts keeps in `support_tickets.expert_contact_info`."""
        return {
            "primary_contact": self.primary.as_json(),
            "alternative_contacts": [contact.as_json() for contact in self.alternatives],
            "escalation_reason": escalation_reason,
            "recommended_action": recommended_action,
            "ticket_reference": ticket_number,
        }


@dataclass(frozen=True, slots=True)
class RoutedCase:
    """What decides whom a ticket goes to, and what it says to do; unknown members are None."""

    reasons: tuple[str, ...]
    priority: str
    category: str | None = None
    language: str | None = None
    region: str | None = None
    user_known: bool = True

    @property
    def is_safety(self) -> bool:
        return Reason.SAFETY_CONCERN in self.reasons

    @property
    def spoken(self) -> str | None:
        """The language without its region."""
        return re.split("[-_]", self.language.lower())[0] if self.language else None

    def named_fields(self, contact: Contact) -> list[str]:
        """The contact's fields that the category names; it may be any text, such as `Hydraulic / pump`."""
        words = set(re.findall("[a-z]+", (self.category or "").lower()))
        return sorted(field for field in contact.fields if words.issuperset(field.split("_")))


def recommend(book: ContactBook, case: RoutedCase, now: datetime) -> Recommendation:
    """The best contact for a ticket, and up to three others.

    Compared in this order, the first difference decides: field (specialist, general, other), language, on duty now,
    region (named, everywhere, other), place in the file. A safety concern goes to an emergency line, whatever else;
    nothing else does, but an urgent ticket has it among its alternatives. Alternatives on duty come first.
    """

    def merit(contact: Contact) -> tuple[bool, int, bool, bool, int]:
        return (
            contact.emergency == case.is_safety,
            2 if case.named_fields(contact) else int(GENERAL in contact.fields),
            case.spoken in contact.languages,
            on_duty(contact.hours, now),
            2 if case.region in contact.regions else int(not contact.regions),
        )

    primary, *others = sorted(book.contacts, key=merit, reverse=True)
    emergency_too = case.is_safety or case.priority == Priority.URGENT
    others = [contact for contact in others if emergency_too or not contact.emergency]
    others.sort(key=lambda contact: on_duty(contact.hours, now), reverse=True)
    parts = tuple(_explain(primary, case, now))
    return Recommendation(primary, tuple(others[:MOST_ALTERNATIVES]), in_english(parts, now), parts)


def _explain(contact: Contact, case: RoutedCase, now: datetime) -> Iterable[WhyPart]:
    if case.is_safety and contact.emergency:
        yield WhyPart("emergency")
    if case.spoken:
        yield WhyPart("language" if case.spoken in contact.languages else "other_language", case.spoken)
    if known := case.named_fields(contact):
        yield WhyPart("field", known[0])
    elif GENERAL in contact.fields and not contact.emergency:
        yield WhyPart("general")
    changes = duty_changes(contact.hours, now)
    duty = "on_duty" if on_duty(contact.hours, now) else "off_duty"
    yield WhyPart(duty, moment=changes) if changes else WhyPart("always")
    if case.region and contact.regions:
        yield WhyPart("region" if case.region in contact.regions else "other_region", case.region)


def recommended_action(case: RoutedCase) -> str:
    """What the support team should do first, by the gravest reason, in English.

    Nobody is told to call a user whom nobody knows, but whom to ask.
    """
    gravest = by_gravity(case.reasons)[:1]
    action = ACTIONS[gravest[0]] if gravest else "read the session and contact the user."
    if not case.user_known:
        action = (_TO_NOBODY_KNOWN if case.is_safety else action) + _USER_UNKNOWN
    sentence = _HOW_SOON.get(case.priority, "") + action
    return sentence[0].upper() + sentence[1:]


def recipients(
    book: ContactBook, *, reasons: Collection[str], priority: str, region: str | None, default: Sequence[str]
) -> tuple[str, ...]:
    """The addresses of the support mail, each once: the default ones, unless a route replaces them, then the routes'.

    Without a default the mail goes to the first level of the ladder, so that it always goes to somebody.
    """
    routes = [route for route in book.routes if _matches(route, reasons, priority, region)]
    replaced = any(route.replace for route in routes)
    addresses = [] if replaced else list(default or [book.ladder[priority].levels[0].email])
    addresses += [address for route in routes for address in route.addresses]
    once: dict[str, str] = {}
    for address in addresses:
        once.setdefault(mailbox(address), address)
    return tuple(once.values())


def _matches(route: Route, reasons: Collection[str], priority: str, region: str | None) -> bool:
    return (
        (not route.reasons or not route.reasons.isdisjoint(reasons))
        and (not route.priorities or priority in route.priorities)
        and (not route.regions or region in route.regions)
    )


def mailbox(address: str) -> str:
    """The address with its domain in lower case; the part before the @ may tell cases apart (RFC 5321, 2.4)."""
    local, at, domain = address.rpartition("@")
    return local + at + domain.lower()
