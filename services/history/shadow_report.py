"""What the worker would have done beside what ABParts did itself, session by session."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from rules.policy import Policy
from rules.reasons import REASON_WORDS, REASONS, TRIGGER_TYPE, by_gravity
from services.database.calendar import in_calendar

# Ours: the events that fired and, for the number of steps, the state that they built up. Theirs: tickets, triggers that
# decided to escalate, and sessions set to escalated, each by its own time.
_SESSIONS = text(f"""
    WITH ours AS (
        SELECT i.session_id, min(i.received_at) AS at,
               jsonb_agg(DISTINCT signal -> 'rule') FILTER (WHERE (signal ->> 'fired')::boolean) AS rules
        FROM escalation.event_inbox AS i
        LEFT JOIN LATERAL jsonb_array_elements(i.evidence) AS signal ON true
        WHERE i.received_at >= :since GROUP BY i.session_id
    ), steps AS (
        SELECT s.session_id, count(*) AS failed
        FROM escalation.sessions AS s, jsonb_each(s.failed_steps) GROUP BY s.session_id
    ), tickets AS (
        SELECT t.session_id, min(t.created_at) AT TIME ZONE 'UTC' AS at,
               (array_agg(t.escalation_reason ORDER BY t.created_at))[1] AS reason,
               (array_agg(CAST(t.priority AS text) ORDER BY t.created_at))[1] AS priority
        FROM public.support_tickets AS t
        WHERE t.created_at AT TIME ZONE 'UTC' >= :since
          AND NOT EXISTS (SELECT FROM escalation.tickets AS own WHERE own.ticket_id = t.id AND NOT own.adopted)
        GROUP BY t.session_id
    ), triggers AS (
        SELECT g.session_id, min(g.triggered_at) AT TIME ZONE 'UTC' AS at,
               (array_agg(g.trigger_type ORDER BY g.triggered_at))[1] AS reason
        FROM public.escalation_triggers AS g
        WHERE g.escalation_decision = 'escalate' AND g.triggered_at AT TIME ZONE 'UTC' >= :since
          AND NOT EXISTS (SELECT FROM escalation.tickets AS own WHERE own.session_id = g.session_id)
        GROUP BY g.session_id
    ), marked AS (
        SELECT a.row_id AS session_id, min(a.at) AS at FROM escalation.audit_log AS a
        WHERE a.table_name = 'ai_sessions' AND a.action IN ('insert', 'update') AND a.at >= :since
          AND a.actor <> 'worker' AND a.new ->> 'status' = 'escalated'
          AND coalesce(a.old ->> 'status', '') <> 'escalated'
        GROUP BY a.row_id
    )
    SELECT session_id, ours.at IS NOT NULL AS seen, ours.rules, coalesce(steps.failed, 0) AS failed_steps,
           {in_calendar("least(tickets.at, triggers.at, marked.at)")} AS their_time, tickets.at IS NOT NULL AS ticket,
           coalesce(tickets.reason, triggers.reason) AS their_reason, tickets.priority AS their_priority
    FROM ours FULL JOIN tickets USING (session_id) FULL JOIN triggers USING (session_id)
    FULL JOIN marked USING (session_id) LEFT JOIN steps USING (session_id)
    ORDER BY session_id
""")


@dataclass(frozen=True, slots=True)
class _Compared:
    """One session: our reasons, gravest first, and what ABParts did (ticket, trigger or status) with its reason."""

    session_id: str
    seen: bool
    reasons: tuple[str, ...]
    escalated_by_them: bool
    ticket_by_them: bool
    their_reason: str | None
    their_priority: str | None
    their_time: datetime | None

    @property
    def kind(self) -> str:
        """both, only_worker, only_abparts, unseen (no event of it has arrived) or neither."""
        if self.reasons:
            return "both" if self.escalated_by_them else "only_worker"
        if self.escalated_by_them:
            return "only_abparts" if self.seen else "unseen"
        return "neither"

    @property
    def differs(self) -> bool:
        """Both escalate, for another reason; ABParts' own texts count as the same when they say ours."""
        if self.kind != "both" or not self.their_reason:
            return False
        ours = self.reasons[0]
        return self.their_reason.lower() not in {ours, TRIGGER_TYPE[ours], REASON_WORDS[ours].lower()}


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """Every session since a time."""

    since: datetime
    sessions: tuple[_Compared, ...]

    @property
    def counts(self) -> Counter[str]:
        return Counter(session.kind for session in self.sessions)

    @property
    def reasons(self) -> Counter[str]:
        """Sessions by our gravest reason."""
        return Counter(session.reasons[0] for session in self.sessions if session.reasons)

    @property
    def different(self) -> tuple[_Compared, ...]:
        """Sessions to look at: only one of the two escalates, or for another reason."""
        return tuple(session for session in self.sessions if session.kind not in {"both", "neither"} or session.differs)

    def as_json(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(),
            "sessions": len(self.sessions),
            "counts": dict(self.counts),
            "reasons": dict(self.reasons),
            "different": [
                {
                    "session_id": session.session_id,
                    "kind": session.kind,
                    "reasons": list(session.reasons),
                    "their_reason": session.their_reason,
                    "their_priority": session.their_priority,
                    "ticket_by_them": session.ticket_by_them,
                }
                for session in self.different
            ],
        }


def compare(connection: Connection, since: datetime, policy: Policy) -> ShadowReport:
    """Compare all sessions since a time; it only reads."""
    rows = connection.execute(_SESSIONS, {"since": since}).mappings()
    return ShadowReport(since, tuple(_compared(row, policy) for row in rows))


def _compared(row: RowMapping, policy: Policy) -> _Compared:
    return _Compared(
        session_id=row["session_id"],
        seen=row["seen"],
        reasons=tuple(by_gravity(_our_reasons(row, policy))),
        escalated_by_them=row["their_time"] is not None,
        ticket_by_them=row["ticket"],
        their_reason=row["their_reason"],
        their_priority=row["their_priority"],
        their_time=row["their_time"],
    )


def _our_reasons(row: RowMapping, policy: Policy) -> Iterable[str]:
    yield from (rule for rule in row["rules"] or () if rule in REASONS)
    if row["seen"] and row["failed_steps"] >= policy.step_limit:
        yield "steps_exceeded"
