"""Further reasons for tickets that are open already, and tickets that somebody else opened."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, text

from rules.decision import Decision, OpenTicket, raise_priority
from rules.explanation import show_evidence
from rules.foreign_words import PRIORITY_ORDER, known_priority
from rules.reasons import REASON_WORDS, by_gravity
from services.database.encoding import json_text
from services.database.prepared import prepared
from services.database.quick import run
from services.database.unnest import Integer, Json, Jsonb, Unnest
from services.events.session_state import is_finished
from services.tickets.insert import collect_evidence, first_of_each

logger = structlog.get_logger()

# An array rather than a join: a plan made once does not know how few the sessions are, and would rather read the log of
# all tickets in the order of their ids.
_FOREIGN = prepared(f"""
    SELECT DISTINCT ON (p.session_id) p.session_id, p.id, p.ticket_number, p.priority
    FROM public.support_tickets AS p
    WHERE p.id = ANY(ARRAY(
        SELECT a.row_id FROM escalation.audit_log AS a
        WHERE a.table_name = 'support_tickets' AND a.action IN ('insert', 'baseline')
          AND a.new ->> 'session_id' = ANY(CAST(:session_ids AS text[]))
    ))
      AND NOT {is_finished("p")}
      AND NOT EXISTS (SELECT FROM escalation.tickets AS own WHERE own.ticket_id = p.id)
    ORDER BY p.session_id, p.created_at DESC, p.id
""")


def foreign_tickets(connection: Connection, session_ids: Collection[str]) -> dict[str, OpenTicket]:
    """Open tickets of these sessions that somebody else wrote; found by the audit log, without a scan of theirs."""
    return {
        session_id: OpenTicket(ticket_id, number, frozenset(), known_priority(priority), adopted=True)
        for session_id, ticket_id, number, priority in run(connection, _FOREIGN, {"session_ids": list(session_ids)})
    }


class _AdoptedRow(NamedTuple):
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
    def is_graver(self) -> bool:
        """Whether a new reason is graver than all before."""
        return bool(self.new_reasons) and self.reasons[0] in self.new_reasons

    @property
    def changes_row(self) -> bool:
        return bool(self.new_reasons) or self.priority != self.ticket.priority


class _UpdatedRow(NamedTuple):
    ticket_id: str
    reason: str
    adopted: bool
    priority: str
    raised: bool
    added: Jsonb


_UPDATED_ROWS = Unnest(_UpdatedRow)
# Somebody else's reason stays before ours. A priority that a person lowered stays lowered until something graver than
# all before comes.
_UPDATE_SHARED = text(f"""
    UPDATE public.support_tickets AS t
    SET updated_at = now() AT TIME ZONE 'UTC',
        escalation_reason = CASE WHEN n.adopted
            THEN concat_ws(', ', nullif(t.escalation_reason, ''), (
                SELECT string_agg(word, ', ' ORDER BY place)
                FROM unnest(string_to_array(n.reason, ', ')) WITH ORDINALITY AS words (word, place)
                WHERE position(word IN coalesce(t.escalation_reason, '')) = 0))
            ELSE n.reason END,
        priority = CASE WHEN n.raised AND array_position(ranks.names, n.priority)
                             > coalesce(array_position(ranks.names, lower(CAST(t.priority AS text))), 0)
                        THEN n.priority ELSE t.priority END
    FROM {_UPDATED_ROWS.table}, (SELECT CAST(:ranks AS text[]) AS names) AS ranks
    WHERE t.id = n.ticket_id
""")
_UPDATE_OWN = text(f"""
    UPDATE escalation.tickets AS t SET reasons = n.added || t.reasons, priority = n.priority
    FROM {_UPDATED_ROWS.table}
    WHERE t.ticket_id = n.ticket_id
""")


def write_updates(connection: Connection, updates: Sequence[Update]) -> None:
    """Add reasons to tickets and raise their priority where the new ones are graver."""
    changed = sorted((update for update in updates if update.changes_row), key=lambda update: update.ticket.ticket_id)
    rows = []
    for update in changed:
        evidence = collect_evidence(update.decision)
        rows.append(
            _UpdatedRow(
                ticket_id=update.ticket.ticket_id,
                reason=", ".join(update.new_reasons) if update.ticket.adopted else update.reasons[0],
                adopted=update.ticket.adopted,
                priority=update.priority,
                raised=update.priority != update.ticket.priority,
                added=json_text({reason: evidence[reason] for reason in update.new_reasons}),
            )
        )
    parameters = _UPDATED_ROWS.parameters(rows)
    connection.execute(_UPDATE_SHARED, parameters | {"ranks": list(PRIORITY_ORDER)})
    connection.execute(_UPDATE_OWN, parameters)
    if joined := [update for update in changed if update.ticket.adopted and update.new_reasons]:
        _extend_summaries(connection, joined)


class _SummaryRow(NamedTuple):
    ticket_id: str
    addition: str


_SUMMARY_ROWS = Unnest(_SummaryRow)
_MAY_UPDATE = text("SELECT has_column_privilege('public.support_tickets', :column, 'UPDATE')")
_EXTEND_SUMMARIES = text(f"""
    UPDATE public.support_tickets AS t SET session_summary = concat_ws(E'\\n', t.session_summary, n.addition)
    FROM {_SUMMARY_ROWS.table}
    WHERE t.id = n.ticket_id
""")


def _extend_summaries(connection: Connection, updates: Sequence[Update]) -> None:
    """Add what is new to the summaries of tickets that somebody else opened: theirs do not tell it."""
    if not _may_update(connection, "session_summary", len(updates)):
        return
    rows = []
    for update in updates:
        first = first_of_each(update.decision.fired)
        words = [REASON_WORDS[reason] + show_evidence(first[reason].signal.evidence) for reason in update.new_reasons]
        rows.append(_SummaryRow(update.ticket.ticket_id, f"Further reason: {'; '.join(words)}."))
    connection.execute(_EXTEND_SUMMARIES, _SUMMARY_ROWS.parameters(rows))


class _AdviceRow(NamedTuple):
    ticket_id: str
    advice: Json


_ADVICE_ROWS = Unnest(_AdviceRow)
_WRITE_ADVICE = text(f"""
    UPDATE public.support_tickets AS t SET expert_contact_info = n.advice
    FROM {_ADVICE_ROWS.table}
    WHERE t.id = n.ticket_id
""")


def write_advice(connection: Connection, advice: Mapping[OpenTicket, Mapping[str, Any]]) -> None:
    """Name other contacts in tickets that were opened here; `write_updates` locks their rows before."""
    if _may_update(connection, "expert_contact_info", len(advice)):
        rows = [
            _AdviceRow(ticket.ticket_id, json_text({**contact, "ticket_reference": ticket.ticket_number}))
            for ticket, contact in advice.items()
        ]
        connection.execute(_WRITE_ADVICE, _ADVICE_ROWS.parameters(rows))


def _may_update(connection: Connection, column: str, tickets: int) -> bool:
    """Rights that were given before an upgrade may lack it: the reason stands in the row all the same."""
    if connection.execute(_MAY_UPDATE, {"column": column}).scalar_one():
        return True
    logger.warning("ticket_not_extended", column=column, remedy="run python -m worker db grants again", tickets=tickets)
    return False
