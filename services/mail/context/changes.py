"""What is new since the last mail of a ticket."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.conversation import Evidence
from services.mail.context.reasons import MOST_EVIDENCE, Quote, facts_of, quote_of
from services.mail.i18n.labels import NEWS, REASONS
from services.mail.i18n.presenter import Presenter
from services.ticket_details import TicketDetails


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of news: its heading, when it came, what was written and the figures."""

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


def news_of(content: Mapping[str, Any], details: TicketDetails, presenter: Presenter) -> list[Item]:
    """The news that a mail was queued for: danger first, then in the order of their time."""
    told = [_item(one, details, presenter) for one in _unique(content.get("news", []))]
    told.sort(key=lambda one: (not one.is_safety, one.at))
    return told


def _unique(news: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    seen = set()
    for one in news:
        if (mark := (one["kind"], one["event_id"], one.get("reason"))) not in seen:
            seen.add(mark)
            yield one


def _item(news: Mapping[str, Any], details: TicketDetails, presenter: Presenter) -> Item:
    event_id, reason = UUID(news["event_id"]), news.get("reason")
    evidence = _evidence_for(event_id, reason, details)
    quotes = dict.fromkeys(quote for one in evidence if (quote := quote_of(one, details, presenter)))
    kind, at = news["kind"], datetime.fromisoformat(news["at"])
    heading = presenter.say(NEWS[kind])
    return Item(
        kind="safety" if reason == "safety_concern" else kind,
        heading=f"{heading}: {presenter.word(reason, REASONS)}" if kind == "reason" else heading,
        at=at,
        clock=presenter.formatter.clocks(at),
        quotes=tuple(quotes),
        facts=tuple(fact for one in evidence for fact in facts_of(one, presenter)),
        notes=_notes_of(event_id, details, presenter) if kind == "notes" else "",
    )


def _evidence_for(event_id: UUID, reason: str | None, details: TicketDetails) -> list[Evidence]:
    found = [one for one in details.conversation.evidence if one.event_id == event_id and one.rule == reason]
    return found[:MOST_EVIDENCE]


def _notes_of(event_id: UUID, details: TicketDetails, presenter: Presenter) -> str:
    found = [one.notes for one in details.conversation.requests if one.event_id == event_id]
    return presenter.long(found[0]) if found else ""


def is_danger(content: Mapping[str, Any]) -> bool:
    """Whether danger is among the news: then the mail must not look like an answer to an older one."""
    return any(one.get("reason") == "safety_concern" for one in content.get("news", []))


def danger_in(content: Mapping[str, Any], details: TicketDetails) -> list[Evidence]:
    """What speaks for the danger in the news."""
    events = [UUID(one["event_id"]) for one in content.get("news", []) if one.get("reason") == "safety_concern"]
    return [found for event_id in events for found in _evidence_for(event_id, "safety_concern", details)]
