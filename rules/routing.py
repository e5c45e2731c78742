"""Whom to contact and whom to mail."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rules.contacts import GENERAL, Contact, ContactBook, Route
from rules.duty import duty_changes, on_duty
from rules.reasons import by_gravity
from rules.recommendation import WhyPart, in_english

__all__ = ["Contact", "ContactBook", "Recommendation", "recipients", "recommend", "recommended_action"]

MOST_ALTERNATIVES: Final = 3
ACTIONS: Final = {
    "safety_concern": "call the user and make sure that nobody is in danger and that the machine is off.",
    "user_request": "contact the user, who asked for a person.",
    "expert_required": "check the diagnosis as an expert and contact the user.",
    "complex_issue": "read the whole session and take the troubleshooting over.",
    "low_confidence": "check the assistant's diagnosis, then confirm or correct it with the user.",
    "steps_exceeded": "look through the steps tried so far and go on from there with the user.",
}
HOW_SOON: Final = {"urgent": "At once: ", "high": "As soon as possible: "}


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


def recommend(
    book: ContactBook,
    *,
    reasons: Collection[str],
    priority: str,
    category: str | None,
    language: str | None,
    region: str | None,
    now: datetime,
) -> Recommendation:
    """The best contact for a ticket, and up to three others.

    Compared in this order, the first difference decides: field (specialist, general, other), language, on duty now,
    region (named, everywhere, other), place in the file. A safety concern goes to an emergency line, whatever else;
    nothing else does, but an urgent ticket has it among its alternatives. Alternatives on duty come first.
    """
    safety = "safety_concern" in reasons
    spoken = language and re.split("[-_]", language.lower())[0]

    def merit(contact: Contact) -> tuple[bool, int, bool, bool, int]:
        return (
            contact.emergency == safety,
            _field_grade(contact, category),
            spoken in contact.languages,
            on_duty(contact.hours, now),
            _region_grade(contact, region),
        )

    primary, *others = sorted(book.contacts, key=merit, reverse=True)
    others = [contact for contact in others if safety or priority == "urgent" or not contact.emergency]
    others.sort(key=lambda contact: on_duty(contact.hours, now), reverse=True)
    parts = tuple(_reasons_for(primary, safety, category, spoken, region, now))
    return Recommendation(primary, tuple(others[:MOST_ALTERNATIVES]), in_english(parts, now), parts)


def _specialities(contact: Contact, category: str | None) -> list[str]:
    """The contact's fields that a category names; it may be any text, such as `Hydraulic / pump`."""
    words = set(re.findall("[a-z]+", (category or "").lower()))
    return sorted(field for field in contact.fields if words.issuperset(field.split("_")))


def _field_grade(contact: Contact, category: str | None) -> int:
    return 2 if _specialities(contact, category) else int(GENERAL in contact.fields)


def _region_grade(contact: Contact, region: str | None) -> int:
    return 2 if region in contact.regions else int(not contact.regions)


def _reasons_for(
    contact: Contact, safety: bool, category: str | None, language: str | None, region: str | None, now: datetime
) -> Iterable[WhyPart]:
    if safety and contact.emergency:
        yield WhyPart("emergency")
    if language:
        yield WhyPart("language" if language in contact.languages else "other_language", language)
    if known := _specialities(contact, category):
        yield WhyPart("field", known[0])
    elif GENERAL in contact.fields and not contact.emergency:
        yield WhyPart("general")
    changes = duty_changes(contact.hours, now)
    duty = "on_duty" if on_duty(contact.hours, now) else "off_duty"
    yield WhyPart(duty, moment=changes) if changes else WhyPart("always")
    if region and contact.regions:
        yield WhyPart("region" if region in contact.regions else "other_region", region)


def recommended_action(reasons: Collection[str], priority: str) -> str:
    """What the support team should do first, by the gravest reason, as an English sentence."""
    gravest = by_gravity(reasons)[:1]
    action = ACTIONS[gravest[0]] if gravest else "read the session and contact the user."
    sentence = HOW_SOON.get(priority, "") + action
    return sentence[0].upper() + sentence[1:]


def recipients(
    book: ContactBook, *, reasons: Collection[str], priority: str, region: str | None, default: Sequence[str]
) -> tuple[str, ...]:
    """The addresses of the support mail, each once: the default ones, unless a route replaces them, then the routes'.

    Without a default the mail goes to the first rung of the ladder: it always goes to somebody.
    """
    routes = [route for route in book.routes if _matches(route, reasons, priority, region)]
    replaced = any(route.replace for route in routes)
    addresses = [] if replaced else list(default or [book.ladder[priority].rungs[0].email])
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
