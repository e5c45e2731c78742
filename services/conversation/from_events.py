"""The events of sessions as the inbox keeps them, with what the rules saw in each."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, RowMapping

from escalation_client.events import Event, InvalidEvent
from escalation_client.events.wire import event_of
from services.conversation.models import Evidence
from services.database.session import prepared

logger = structlog.get_logger()

_READ = prepared("""
    SELECT event_id, session_id, payload, evidence, ticket_id FROM escalation.event_inbox
    WHERE session_id = ANY(CAST(:session_ids AS text[]))
    ORDER BY session_id, occurred_at, event_id
""")


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event, the ticket that it led to or was added to, and the rules' signals."""

    event: Event
    ticket_id: str | None
    signals: Sequence[dict[str, Any]]

    def evidence(self) -> Iterator[Evidence]:
        """Whatever fired; a rule that the session's state made fire stands beside its own silent answer."""
        for signal in self.signals:
            if signal.get("fired"):
                yield Evidence.from_signal(signal, self.event.occurred_at, self.event.id, self.ticket_id)


def load_stored_events(connection: Connection, session_ids: Collection[str]) -> dict[str, list[StoredEvent]]:
    """The events of each session in the order of their time."""
    kept: dict[str, list[StoredEvent]] = defaultdict(list)
    for row in connection.execute(_READ, {"session_ids": list(session_ids)}).mappings():
        kept[row["session_id"]].extend(_read_event(row))
    return kept


def _read_event(row: RowMapping) -> Iterator[StoredEvent]:
    try:
        yield StoredEvent(event_of(row["payload"]), row["ticket_id"], row["evidence"])
    except InvalidEvent as error:
        # Stored by an older version: show the rest of the session without it.
        logger.error("inbox_event_unreadable", event_id=str(row["event_id"]), member=error.member)
