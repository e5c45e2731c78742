"""Further reasons for tickets that are open already, and tickets that somebody else opened."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from rules.decision import Decision, OpenTicket, raise_priority
from rules.reasons import PRIORITIES, by_gravity
from services.database.encoding import json_text
from services.database.unnest import Integer, Jsonb, Unnest
from services.tickets.insert import collect_evidence

_FOREIGN = text("""
    SELECT DISTINCT ON (p.session_id) p.session_id, p.id, p.ticket_number, p.priority
    FROM escalation.audit_log AS a
    JOIN public.support_tickets AS p ON p.id = a.row_id
    WHERE a.table_name = 'support_tickets' AND a.action IN ('insert', 'baseline')
      AND a.new ->> 'session_id' = ANY(CAST(:session_ids AS text[]))
      AND p.status IN ('open', 'in_progress')
      AND NOT EXISTS (SELECT FROM escalation.tickets AS own WHERE own.ticket_id = p.id)
    ORDER BY p.session_id, p.created_at DESC, p.id
""")


def foreign_tickets(connection: Connection, session_ids: Collection[str]) -> dict[str, OpenTicket]:
    """Open tickets of these sessions that somebody else wrote; found by the audit log, without a scan of theirs."""
    rows = connection.execute(_FOREIGN, {"session_ids": list(session_ids)})
    return {row.session_id: OpenTicket(row.id, row.ticket_number, frozenset(), row.priority) for row in rows}


@dataclass(frozen=True, slots=True)
class _AdoptedRow:
    ticket_id: str
    session_id: str
    ordinal: Integer
    ticket_number: str
    priority: str


_ADOPTED_ROWS = Unnest(_AdoptedRow)
_ADOPT = text(f"""
    INSERT INTO escalation.tickets ({_ADOPTED_ROWS.columns}, reasons, adopted)
    SELECT {_ADOPTED_ROWS.columns}, '{{}}'::jsonb, true FROM {_ADOPTED_ROWS.table}
    ON CONFLICT (ticket_id) DO NOTHING
""")


def adopt(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Take on tickets that somebody else opened, so that a session never has two open ones."""
    rows = [
        _AdoptedRow(ticket.ticket_id, state.session_id, state.next_ordinal, ticket.ticket_number, ticket.priority)
        for state in (decision.state for decision in decisions)
        if (ticket := state.ticket)
    ]
    connection.execute(_ADOPT, _ADOPTED_ROWS.parameters(rows))


@dataclass(frozen=True, slots=True)
class Update:
    """A further reason or news for an open ticket."""

    decision: Decision
    ticket: OpenTicket

    @property
    def session_id(self) -> str:
        return self.decision.state.session_id

    @property
    def new_reasons(self) -> list[str]:
        return [reason for reason in self.decision.reasons if reason not in self.ticket.reasons]

    @property
    def reasons(self) -> list[str]:
        return by_gravity([*self.ticket.reasons, *self.decision.reasons])

    @property
    def priority(self) -> str:
        return raise_priority(self.ticket, self.decision.priority) or self.ticket.priority

    @property
    def changes_row(self) -> bool:
        return bool(self.new_reasons) or self.priority != self.ticket.priority


@dataclass(frozen=True, slots=True)
class _UpdatedRow:
    ticket_id: str
    reason: str
    priority: str
    raised: bool
    added: Jsonb


_UPDATED_ROWS = Unnest(_UpdatedRow)
# A priority that a person lowered stays lowered until something graver than all before comes.
_UPDATE_SHARED = text(f"""
    UPDATE public.support_tickets AS t
    SET escalation_reason = n.reason, updated_at = now() AT TIME ZONE 'UTC',
        priority = CASE WHEN n.raised AND array_position(ranks.names, n.priority)
                             > coalesce(array_position(ranks.names, CAST(t.priority AS text)), 0)
                        THEN n.priority ELSE t.priority END
    FROM {_UPDATED_ROWS.table}, (SELECT CAST(:priorities AS text[]) AS names) AS ranks
    WHERE t.id = n.ticket_id
""")
_UPDATE_OWN = text(f"""
    UPDATE escalation.tickets AS t SET reasons = n.added || t.reasons, priority = n.priority
    FROM {_UPDATED_ROWS.table}
    WHERE t.ticket_id = n.ticket_id
""")


def write_updates(connection: Connection, updates: Sequence[Update]) -> None:
    """Add reasons to tickets and raise their priority where the new ones are graver."""
    rows = []
    for update in sorted(updates, key=lambda update: update.ticket.ticket_id):
        if update.changes_row:
            evidence = collect_evidence(update.decision)
            rows.append(
                _UpdatedRow(
                    ticket_id=update.ticket.ticket_id,
                    reason=update.reasons[0],
                    priority=update.priority,
                    raised=update.priority != update.ticket.priority,
                    added=json_text({reason: evidence[reason] for reason in update.new_reasons}),
                )
            )
    parameters = _UPDATED_ROWS.parameters(rows)
    connection.execute(_UPDATE_SHARED, parameters | {"priorities": list(PRIORITIES)})
    connection.execute(_UPDATE_OWN, parameters)
