"""What has happened to a ticket, read from the changes of its row, whoever made them and by whatever means."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from rules.foreign_words import PRIORITY_ORDER, known_priority
from rules.reasons import PRIORITIES
from rules.ticket_states import FINISHED, UNFINISHED, TicketStatus


@dataclass(frozen=True, slots=True)
class TicketRow:
    """The part of ABParts' row that says how a ticket stands."""

    status: str
    assigned: str | None
    priority: str

    @property
    def unfinished(self) -> bool:
        return self.status in UNFINISHED

    @property
    def finished(self) -> bool:
        """Resolved or closed; a status of somebody else's making is neither this nor unfinished."""
        return self.status in FINISHED

    @property
    def taken(self) -> bool:
        """Somebody has it: being worked on, or assigned."""
        return self.status == TicketStatus.IN_PROGRESS or bool(self.assigned)


@dataclass(frozen=True, slots=True)
class TicketChange:
    """A later state of the row: since when, and who made it."""

    row: TicketRow
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Happening:
    """acknowledged, resolved, reopened, released (nobody has it any more) or raised (a higher priority)."""

    kind: str
    at: datetime
    by: str


def happenings(row: TicketRow, acknowledged: bool, changes: Iterable[TicketChange]) -> Iterator[Happening]:
    """What the changes mean, one after the other."""
    for change in changes:
        for kind in _find_kinds(row, change.row, acknowledged):
            acknowledged = {"acknowledged": True, "reopened": False, "released": False}.get(kind, acknowledged)
            yield Happening(kind, change.at, change.by)
        row = change.row


def _find_kinds(before: TicketRow, after: TicketRow, acknowledged: bool) -> Iterator[str]:
    if after.finished and not before.finished:
        yield "resolved"
    elif after.unfinished and not before.unfinished:
        yield "reopened"
        if after.taken:
            yield "acknowledged"
    elif after.unfinished:
        yield from _hands(before, after, acknowledged)
    if after.unfinished and _grade(after) > _grade(before):
        yield "raised"


def _hands(before: TicketRow, after: TicketRow, acknowledged: bool) -> Iterator[str]:
    """Somebody takes it by setting the status or by being assigned; who had it before may still stand in the row."""
    started = after.status == TicketStatus.IN_PROGRESS != before.status
    assigned = bool(after.assigned) and after.assigned != before.assigned
    if not acknowledged and (started or assigned):
        yield "acknowledged"
    elif acknowledged and not after.taken:
        yield "released"


def _grade(row: TicketRow) -> int:
    """The place of the priority; one of another writer's own making is below all."""
    known = row.priority.strip().lower() in PRIORITY_ORDER
    return PRIORITIES.index(known_priority(row.priority)) if known else -1
