"""What is new since the last mail of a ticket."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.conversation import Evidence
from services.mail.context.reasons import MOST_EVIDENCE, Quote, list_facts, make_quote
from services.mail.i18n.labels import NEWS, REASONS
from services.mail.i18n.presenter import Presenter
from services.ticket_details import TicketDetails


@dataclass(frozen=True, slots=True)
class _ChangeItem:
    """One change: its heading, its time, what the user wrote, and the figures."""

    kind: str
    heading: str
    at: datetime
    clock: str
    quotes: tuple[Quote, ...] = ()
    facts: tuple[str, ...] = ()
    notes: str = ""

    @property
    def is_safety(self) -> bool:
        return self.kind == "safety"


def list_changes(content: Mapping[str, Any], details: TicketDetails, presenter: Presenter) -> list[_ChangeItem]:
    """List the changes that the mail was queued for: danger first, then by time."""
    items = [_item(change, details, presenter) for change in _unique(content.get("news", []))]
    items.sort(key=lambda change: (not change.is_safety, change.at))
    return items


def _unique(news: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    seen = set()
    for change in news:
        if (mark := (change["kind"], change["event_id"], change.get("reason"))) not in seen:
            seen.add(mark)
            yield change


def _item(news: Mapping[str, Any], details: TicketDetails, presenter: Presenter) -> _ChangeItem:
    event_id, reason = UUID(news["event_id"]), news.get("reason")
    evidence = _evidence_for(event_id, reason, details)
    quotes = dict.fromkeys(quote for found in evidence if (quote := make_quote(found, details, presenter)))
    kind, at = news["kind"], datetime.fromisoformat(news["at"])
    heading = presenter.say(NEWS[kind])
    return _ChangeItem(
        kind="safety" if reason == "safety_concern" else kind,
        heading=f"{heading}: {presenter.word(reason, REASONS)}" if kind == "reason" else heading,
        at=at,
        clock=presenter.formatter.clocks(at),
        quotes=tuple(quotes),
        facts=tuple(fact for found in evidence for fact in list_facts(found, presenter)),
        notes=_find_notes(event_id, details, presenter) if kind == "notes" else "",
    )


def _evidence_for(event_id: UUID, reason: str | None, details: TicketDetails) -> list[Evidence]:
    matching = [found for found in details.conversation.evidence if found.event_id == event_id and found.rule == reason]
    return matching[:MOST_EVIDENCE]


def _find_notes(event_id: UUID, details: TicketDetails, presenter: Presenter) -> str:
    found = [request.notes for request in details.conversation.requests if request.event_id == event_id]
    return presenter.long(found[0]) if found else ""


def has_danger(content: Mapping[str, Any]) -> bool:
    """Say whether danger is among the changes: then the mail must not look like a reply to an older one."""
    return any(change.get("reason") == "safety_concern" for change in content.get("news", []))


def find_danger_evidence(content: Mapping[str, Any], details: TicketDetails) -> list[Evidence]:
    """Return the evidence of danger among the changes."""
    return [
        evidence
        for change in content.get("news", [])
        if change.get("reason") == "safety_concern"
        for evidence in _evidence_for(UUID(change["event_id"]), "safety_concern", details)
    ]
