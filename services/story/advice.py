"""The recommended contact as it was stored with the ticket."""

from collections.abc import Mapping
from typing import Any

from rules.recommendation import WhyPart
from services.story.parts import Advice, ContactCard

FIELDS = ("name", "email", "phone", "hours", "specialization")


def advice_of(stored: Any) -> Advice | None:
    """From `support_tickets.expert_contact_info`; None where another writer left none."""
    if not isinstance(stored, Mapping) or not isinstance(stored.get("primary_contact"), Mapping):
        return None
    alternatives = stored.get("alternative_contacts")
    return Advice(
        primary=card_of(stored["primary_contact"]),
        alternatives=tuple(card_of(one) for one in alternatives or () if isinstance(one, Mapping)),
        action=stored.get("recommended_action"),
        why=stored.get("why"),
        why_parts=tuple(WhyPart.of_json(part) for part in stored.get("why_parts") or ()),
    )


def card_of(contact: Mapping[str, Any]) -> ContactCard:
    return ContactCard(**{name: contact.get(name) for name in FIELDS})
