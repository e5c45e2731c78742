"""Events of the inbox that never led to anything are decided again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from rules.decision import decide
from services.database.unnest import Jsonb, Unnest
from services.escalation.process_batch import adopt_foreign, escalate, group_by_session
from services.escalation.reconcile.report import Tally
from services.escalation.reconcile.synthesized_events import from_inbox
from services.events.inbox import lock_sessions
from services.events.session_state import read_states, write_states
from services.installation import Installation


@dataclass(frozen=True, slots=True)
class _DecisionRow:
    event_id: UUID
    decision: str
    evidence: Jsonb


_DECISION_ROWS = Unnest(_DecisionRow)
_WRITE_DECISIONS = text(f"""
    UPDATE escalation.event_inbox AS i
    SET {_DECISION_ROWS.assignments(key="event_id")}, policy_version = :policy_version
    FROM {_DECISION_ROWS.table}
    WHERE i.event_id = n.event_id
""")


def decide_again(connection: Connection, rows: Sequence[RowMapping], installation: Installation) -> Tally:
    """Decide these events as if they had just arrived; those that rightly led to nothing are not counted."""
    read = [from_inbox(row, installation) for row in rows]
    usable = [entry for entry in read if entry is not None]
    if not usable:
        return Tally(found=len(rows))
    lock_sessions(connection, (entry.event.session_id for entry in usable))
    by_session = group_by_session(entry.examined for entry in usable)
    states = read_states(connection, by_session)
    decisions = [decide(states[session_id], events, installation.policy) for session_id, events in by_session.items()]
    write_states(connection, [decision.state for decision in decisions])
    rows_to_write = [_DecisionRow(entry.event.id, entry.decision, entry.evidence) for entry in usable]
    connection.execute(
        _WRITE_DECISIONS, _DECISION_ROWS.parameters(rows_to_write, policy_version=installation.policy.version)
    )
    escalate(connection, adopt_foreign(connection, decisions, states, by_session, installation), usable, installation)
    fired = {fired.event.id for decision in decisions for fired in decision.fired}
    undecided = {row["event_id"] for row in rows if row["decision"] not in {"escalate", "continue"}}
    repaired = fired | {entry.event.id for entry in usable if entry.event.id in undecided}
    return Tally(found=len(repaired | undecided), repaired=len(repaired))
