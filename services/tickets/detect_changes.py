"""Notices what has happened to tickets, by whatever means, and writes what follows: acknowledgement, outcome, mails.

ABParts' row is what counts. The audit log says who changed it and when; the changes of one row stand in it in the order
of their commits, since each waits for the row's lock.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, text

from rules.reasons import REASONS, by_gravity
from rules.ticket_changes import Happening, TicketChange, TicketRow, happenings
from services.database.unnest import Unnest
from services.installation import get_installation
from services.outbox.acknowledgement import AcknowledgedTicket, mail_acknowledgements
from services.outbox.customer_notice import tell_customers_solved
from services.outbox.outcomes import NewOutcome, queue_outcomes

_UNKNOWN = "unknown"
_OUTCOMES = {"acknowledged": "ticket.acknowledged", "resolved": "ticket.resolved"}
_RESTARTS = {"reopened", "released", "raised"}

_CHANGED = text("""
    SELECT own.ticket_id, own.session_id, own.ticket_number, own.reasons, own.acknowledged_at, own.acknowledged_by,
           own.waiting_since, own.seen_status, own.seen_assigned, own.seen_audit_id,
           coalesce(own.seen_priority, own.priority) AS seen_priority, state.language,
           CAST(shared.status AS text) AS status, shared.assigned_expert_id AS assigned,
           CAST(shared.priority AS text) AS priority, clock_timestamp() AS noticed_at
    FROM escalation.tickets AS own
    JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
    LEFT JOIN escalation.sessions AS state ON state.session_id = own.session_id
    WHERE own.ticket_id = ANY(CAST(:ticket_ids AS text[]))
      AND (own.seen_status, own.seen_assigned, own.seen_priority)
          IS DISTINCT FROM (CAST(shared.status AS text), shared.assigned_expert_id, CAST(shared.priority AS text))
    ORDER BY own.ticket_id FOR UPDATE OF own
""")
_CHANGES = text("""
    SELECT audit_id, row_id, at, actor, new ->> 'status' AS status, new ->> 'assigned_expert_id' AS assigned,
           new ->> 'priority' AS priority
    FROM escalation.audit_log
    WHERE table_name = 'support_tickets' AND action = 'update' AND row_id = ANY(CAST(:ticket_ids AS text[]))
    ORDER BY row_id, audit_id
""")


class _NoticedRow(NamedTuple):
    ticket_id: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    waiting_since: datetime
    seen_status: str
    seen_assigned: str | None
    seen_priority: str
    seen_audit_id: int


_NOTICED_ROWS = Unnest(_NoticedRow)
_WRITE = text(f"""
    UPDATE escalation.tickets AS t SET {_NOTICED_ROWS.assignments(key="ticket_id")}
    FROM {_NOTICED_ROWS.table}
    WHERE t.ticket_id = n.ticket_id
""")
_CANCEL_MAILS = text("""
    UPDATE escalation.mail_recipients AS r SET state = 'cancelled'
    FROM escalation.mails AS m
    WHERE m.mail_id = r.mail_id
      AND (m.template IN ('ticket_unacknowledged', 'ticket_handed_over')
           OR m.lane = 'push' AND m.template <> 'push_acknowledged')
      AND m.ticket_id = ANY(CAST(:ticket_ids AS text[])) AND r.state IN ('queued', 'deferred', 'held')
""")


@dataclass(slots=True)
class Noticed:
    """A ticket whose row differs from what was last seen, and what has happened to it since."""

    ticket: RowMapping
    row: TicketRow
    happened: list[Happening]
    audit_id: int
    acknowledged_at: datetime | None = field(init=False)
    acknowledged_by: str | None = field(init=False)
    waiting_since: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.acknowledged_at = self.ticket["acknowledged_at"]
        self.acknowledged_by = self.ticket["acknowledged_by"]
        self.waiting_since = self.ticket["waiting_since"]
        for happening in self.happened:
            if happening.kind == "acknowledged":
                self.acknowledged_at, self.acknowledged_by = happening.at, happening.by
            elif happening.kind in {"reopened", "released"}:
                self.acknowledged_at = self.acknowledged_by = None
            if happening.kind in _RESTARTS:
                self.waiting_since = happening.at

    @property
    def ends_the_ladder(self) -> bool:
        return not self.row.unfinished or self.acknowledged_at is not None


def notice(connection: Connection, ticket_ids: Sequence[str]) -> list[Noticed]:
    """Compare these tickets with what was last seen of them, and write what follows; a repeat does nothing."""
    tickets = connection.execute(_CHANGED, {"ticket_ids": list(ticket_ids)}).mappings().all()
    if not tickets:
        return []
    changes = _read_changes(connection, [ticket["ticket_id"] for ticket in tickets])
    noticed = [_compare(ticket, changes[ticket["ticket_id"]]) for ticket in tickets]
    _write(connection, noticed)
    outcomes = [
        _outcome(change, happening)
        for change in noticed
        for happening in change.happened
        if happening.kind in _OUTCOMES
    ]
    if outcomes:
        queue_outcomes(connection, outcomes)
    _mail_people(connection, noticed)
    if over := [change.ticket["ticket_id"] for change in noticed if change.ends_the_ladder]:
        connection.execute(_CANCEL_MAILS, {"ticket_ids": over})
    return noticed


def _read_changes(connection: Connection, ticket_ids: Sequence[str]) -> dict[str, list[RowMapping]]:
    changes: dict[str, list[RowMapping]] = defaultdict(list)
    for entry in connection.execute(_CHANGES, {"ticket_ids": list(ticket_ids)}).mappings():
        changes[entry["row_id"]].append(entry)
    return changes


def _compare(ticket: RowMapping, entries: Sequence[RowMapping]) -> Noticed:
    new = [entry for entry in entries if entry["audit_id"] > ticket["seen_audit_id"]]
    changes = [TicketChange(_row_of(entry), entry["at"], entry["actor"]) for entry in new]
    seen = TicketRow(ticket["seen_status"], ticket["seen_assigned"], ticket["seen_priority"])
    now = _row_of(ticket)
    if (changes[-1].row if changes else seen) != now:
        # The database could not record the change (it never lets ABParts wait for us), or it is older than the log.
        changes.append(TicketChange(now, ticket["noticed_at"], _UNKNOWN))
    happened = list(happenings(seen, ticket["acknowledged_at"] is not None, changes))
    return Noticed(ticket, now, happened, new[-1]["audit_id"] if new else ticket["seen_audit_id"])


def _row_of(row: RowMapping) -> TicketRow:
    return TicketRow(row["status"], row["assigned"], row["priority"])


def _write(connection: Connection, noticed: Sequence[Noticed]) -> None:
    rows = [
        _NoticedRow(
            ticket_id=change.ticket["ticket_id"],
            acknowledged_at=change.acknowledged_at,
            acknowledged_by=change.acknowledged_by,
            waiting_since=change.waiting_since,
            seen_status=change.row.status,
            seen_assigned=change.row.assigned,
            seen_priority=change.row.priority,
            seen_audit_id=change.audit_id,
        )
        for change in noticed
    ]
    connection.execute(_WRITE, _NOTICED_ROWS.parameters(rows))


def _mail_people(connection: Connection, noticed: Sequence[Noticed]) -> None:
    """Mail who has it to the others who were asked, and that it is solved to the user."""
    taken = [
        AcknowledgedTicket(change.ticket["ticket_id"], change.ticket["session_id"], happening.by, happening.at)
        for change in noticed
        for happening in change.happened
        if happening.kind == "acknowledged" and change.acknowledged_at is not None
    ]
    solved = [
        change.ticket["ticket_id"]
        for change in noticed
        if any(happening.kind == "resolved" for happening in change.happened)
    ]
    if taken or solved:
        installation = get_installation()
        mail_acknowledgements(connection, taken, installation)
        tell_customers_solved(connection, solved, installation)


def _outcome(noticed: Noticed, happening: Happening) -> NewOutcome:
    ticket = noticed.ticket
    return NewOutcome(
        cause=(ticket["ticket_id"], happening.at.isoformat()),
        type=_OUTCOMES[happening.kind],
        session_id=ticket["session_id"],
        language=ticket["language"],
        ticket_id=ticket["ticket_id"],
        ticket_number=ticket["ticket_number"],
        priority=noticed.row.priority,
        reasons=tuple(by_gravity(reason for reason in ticket["reasons"] if reason in REASONS)),
    )
