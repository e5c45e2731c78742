"""Further reasons for tickets that are open already, and tickets that somebody else opened."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from rules.decision import Decision, OpenTicket, raised
from rules.reasons import by_gravity
from services.database.encoding import json_text
from services.tickets.insert import reasons_of

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


_ADOPT = text("""
    INSERT INTO escalation.tickets (ticket_id, session_id, ordinal, ticket_number, priority, reasons, adopted)
    SELECT n.ticket_id, n.session_id, n.ordinal, n.number, n.priority, '{}'::jsonb, true
    FROM unnest(CAST(:ids AS text[]), CAST(:session_ids AS text[]), CAST(:ordinals AS integer[]),
                CAST(:numbers AS text[]), CAST(:priorities AS text[]))
        AS n (ticket_id, session_id, ordinal, number, priority)
    ON CONFLICT (ticket_id) DO NOTHING
""")


def adopt(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Take on tickets that somebody else opened, so that a session never has two open ones."""
    tickets = [(decision.state, decision.state.ticket) for decision in decisions if decision.state.ticket]
    connection.execute(
        _ADOPT,
        {
            "ids": [ticket.ticket_id for _, ticket in tickets],
            "session_ids": [state.session_id for state, _ in tickets],
            "ordinals": [state.tickets + 1 for state, _ in tickets],
            "numbers": [ticket.ticket_number for _, ticket in tickets],
            "priorities": [ticket.priority for _, ticket in tickets],
        },
    )


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
        return raised(self.ticket, self.decision.priority) or self.ticket.priority

    @property
    def changes_row(self) -> bool:
        return bool(self.new_reasons) or self.priority != self.ticket.priority


# A priority that a person lowered stays lowered until something graver than all before comes.
_UPDATE_SHARED = text("""
    UPDATE public.support_tickets AS t
    SET escalation_reason = n.reason, updated_at = now() AT TIME ZONE 'UTC',
        priority = CASE WHEN n.raised AND array_position(ranks.names, n.priority)
                             > coalesce(array_position(ranks.names, CAST(t.priority AS text)), 0)
                        THEN n.priority ELSE t.priority END
    FROM unnest(CAST(:ids AS text[]), CAST(:reasons AS text[]), CAST(:priorities AS text[]), CAST(:raised AS boolean[]))
        AS n (id, reason, priority, raised),
        (SELECT ARRAY['low', 'medium', 'high', 'urgent'] AS names) AS ranks
    WHERE t.id = n.id
""")
_UPDATE_OWN = text("""
    UPDATE escalation.tickets AS t
    SET reasons = n.added || t.reasons, priority = n.priority
    FROM unnest(CAST(:ids AS text[]), CAST(:added AS jsonb[]), CAST(:priorities AS text[])) AS n (id, added, priority)
    WHERE t.ticket_id = n.id
""")


def write_updates(connection: Connection, updates: Sequence[Update]) -> None:
    """Add reasons to tickets and raise their priority where the new ones are graver."""
    changed = sorted((update for update in updates if update.changes_row), key=lambda update: update.ticket.ticket_id)
    ids = [update.ticket.ticket_id for update in changed]
    priorities = [update.priority for update in changed]
    connection.execute(
        _UPDATE_SHARED,
        {
            "ids": ids,
            "reasons": [update.reasons[0] for update in changed],
            "priorities": priorities,
            "raised": [update.priority != update.ticket.priority for update in changed],
        },
    )
    connection.execute(
        _UPDATE_OWN,
        {
            "ids": ids,
            "added": [json_text(added(update)) for update in changed],
            "priorities": priorities,
        },
    )


def added(update: Update) -> dict[str, Any]:
    reasons = reasons_of(update.decision)
    return {reason: reasons[reason] for reason in update.new_reasons}
