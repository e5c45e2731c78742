"""Events of the inbox that never led to anything are decided again."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from rules.decision import decide
from services.escalation.process_batch import adopted, escalate, grouped
from services.escalation.reconcile.report import Tally
from services.escalation.reconcile.synthesized_events import from_inbox
from services.events.decoding import Received
from services.events.inbox import lock_sessions
from services.events.session_state import read_states, write_states
from services.installation import Installation

_DECIDED = text("""
    UPDATE escalation.event_inbox AS i
    SET decision = n.decision, evidence = n.evidence, policy_version = :policy_version
    FROM unnest(CAST(:event_ids AS uuid[]), CAST(:decisions AS text[]), CAST(:evidence AS jsonb[]))
        AS n (event_id, decision, evidence)
    WHERE i.event_id = n.event_id
""")


def decide_again(connection: Connection, rows: Sequence[RowMapping], installation: Installation) -> Tally:
    """Decide these events as if they had just arrived; those that rightly led to nothing are not counted."""
    read = [from_inbox(row, installation) for row in rows]
    usable = [one for one in read if one is not None]
    if not usable:
        return Tally(found=len(rows))
    lock_sessions(connection, (one.event.session_id for one in usable))
    by_session = grouped(one.examined for one in usable)
    states = read_states(connection, by_session)
    decisions = [decide(states[session_id], events, installation.policy) for session_id, events in by_session.items()]
    write_states(connection, [decision.state for decision in decisions])
    _write_decisions(connection, usable, installation.policy.version)
    escalate(connection, adopted(connection, decisions, states, by_session, installation), usable, installation)
    fired = {one.event.id for decision in decisions for one in decision.fired}
    undecided = {row["event_id"] for row in rows if row["decision"] not in {"escalate", "continue"}}
    mended = fired | {one.event.id for one in usable if one.event.id in undecided}
    return Tally(found=len(mended | undecided), mended=len(mended))


def _write_decisions(connection: Connection, received: Sequence[Received], policy_version: str) -> None:
    connection.execute(
        _DECIDED,
        {
            "event_ids": [str(one.event.id) for one in received],
            "decisions": [one.decision for one in received],
            "evidence": [one.evidence for one in received],
            "policy_version": policy_version,
        },
    )
