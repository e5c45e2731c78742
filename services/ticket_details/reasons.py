"""A ticket's reasons with all that speaks for them."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from rules.reasons import REASONS, by_gravity
from services.conversation import Evidence
from services.ticket_details.models import Reason


def reasons_of(
    ticket_id: str, stored: Mapping[str, Mapping[str, Any]], shared_reason: str | None, evidence: Collection[Evidence]
) -> tuple[Reason, ...]:
    """The gravest first; a ticket that another writer opened has that writer's reason as well, without evidence."""
    names = by_gravity(name for name in stored if name in REASONS)
    reasons = [
        Reason(name=name, evidence=tuple(_speaking_for(name, ticket_id, stored[name], evidence))) for name in names
    ]
    if shared_reason and shared_reason not in names:
        reasons.append(Reason(name=shared_reason))
    return tuple(reasons)


def _speaking_for(
    name: str, ticket_id: str, first: Mapping[str, Any], evidence: Collection[Evidence]
) -> Iterator[Evidence]:
    """What brought the reason about, then what followed."""
    cause = _first_of(first, ticket_id)
    yield cause
    for one in evidence:
        if one.rule == name and one.ticket_id == ticket_id and one.event_id != cause.event_id:
            yield one


def _first_of(stored: Mapping[str, Any], ticket_id: str) -> Evidence:
    at = datetime.fromisoformat(stored["at"])
    return Evidence.of(stored, at, UUID(stored["event_id"]), ticket_id)
