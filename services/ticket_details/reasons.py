"""A ticket's reasons with all that speaks for them."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from rules.reasons import REASONS, by_gravity
from services.conversation import Evidence
from services.ticket_details.models import TicketReason


def collect_reasons(
    ticket_id: str, stored: Mapping[str, Mapping[str, Any]], shared_reason: str | None, evidence: Collection[Evidence]
) -> tuple[TicketReason, ...]:
    """The gravest first; a ticket that another writer opened has that writer's reason as well, without evidence."""
    names = by_gravity(name for name in stored if name in REASONS)
    reasons = [
        TicketReason(name=name, evidence=tuple(_collect_evidence(name, ticket_id, stored[name], evidence)))
        for name in names
    ]
    # Reasons of ours that joined somebody else's ticket stand behind theirs.
    others = ", ".join(word for word in (shared_reason or "").split(", ") if word not in names)
    if others:
        reasons.append(TicketReason(name=others))
    return tuple(reasons)


def _collect_evidence(
    name: str, ticket_id: str, first: Mapping[str, Any], evidence: Collection[Evidence]
) -> Iterator[Evidence]:
    """Yield the evidence that brought the reason about, then what followed."""
    cause = _read_first(first, ticket_id)
    yield cause
    for found in evidence:
        if found.rule == name and found.ticket_id == ticket_id and found.event_id != cause.event_id:
            yield found


def _read_first(stored: Mapping[str, Any], ticket_id: str) -> Evidence:
    at = datetime.fromisoformat(stored["at"])
    return Evidence.from_signal(stored, at, UUID(stored["event_id"]), ticket_id)
