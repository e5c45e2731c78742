"""What fell through: the statements that find it, within a span of time and with a limit, and how much was repaired."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, RowMapping, text

from services.events.session_state import closing_time, is_finished


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind: how many were found, and how many of them were repaired."""

    found: int = 0
    repaired: int = 0

    @property
    def left(self) -> int:
        return self.found - self.repaired


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """All kinds; `lost_tickets` are those whose row is gone though nobody deleted it, which only a rebuild restores."""

    undecided_events: Tally = Tally()
    escalated_sessions: Tally = Tally()
    lone_triggers: Tally = Tally()
    unmailed_tickets: Tally = Tally()
    lost_tickets: Tally = Tally()

    def tallies(self) -> dict[str, Tally]:
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def clean(self) -> bool:
        """Nothing was found at all."""
        return not any(tally.found for tally in self.tallies().values())

    @property
    def left(self) -> dict[str, int]:
        """What could not be repaired, by kind."""
        return {name: tally.left for name, tally in self.tallies().items() if tally.left}

    @property
    def repaired(self) -> int:
        return sum(tally.repaired for tally in self.tallies().values())

    def summary(self) -> str:
        """For Flower: `clean`, or the kinds with what was repaired of what was found."""
        found = (f"{name}={tally.repaired}/{tally.found}" for name, tally in self.tallies().items() if tally.found)
        return " ".join(found) or "clean"


_LIMIT: Final = 500


@dataclass(frozen=True, slots=True)
class Span:
    """From when on anything counts, and until when: what is younger may still be on its way."""

    since: datetime
    until: datetime

    def parameters(self) -> dict[str, object]:
        return {"since": self.since, "until": self.until, "limit": _LIMIT}


# A ticket stands for all that happened before it was finished. One of ours whose row is gone does too: either somebody
# deleted it on purpose, or it is lost and will be rebuilt.
_COVERED: Final = f"""
    EXISTS (
        SELECT FROM public.support_tickets AS t
        WHERE t.session_id = {{session}} AND (NOT {is_finished("t")} OR {closing_time("t")} >= {{at}})
    ) OR EXISTS (
        SELECT FROM escalation.tickets AS own WHERE own.session_id = {{session}}
            AND NOT EXISTS (SELECT FROM public.support_tickets AS t WHERE t.id = own.ticket_id)
    )
"""
_UNDECIDED = text(f"""
    SELECT i.event_id, i.session_id, i.payload, i.decision, coalesce(i.published_at, i.received_at) AS published_at
    FROM escalation.event_inbox AS i
    WHERE i.received_at >= :since AND i.received_at < :until AND i.ticket_id IS NULL
      AND (i.decision NOT IN ('escalate', 'continue') OR i.decision = 'escalate'
           AND NOT ({_COVERED.format(session="i.session_id", at="i.occurred_at")}))
    ORDER BY i.received_at, i.event_id LIMIT :limit
""")
_ESCALATED = text(f"""
    SELECT s.id AS session_id, max(a.at) AS at
    FROM public.ai_sessions AS s
    JOIN escalation.audit_log AS a ON a.table_name = 'ai_sessions' AND a.row_id = s.id
    WHERE s.status = 'escalated' AND a.at >= :since AND a.at < :until AND a.new ->> 'status' = 'escalated'
      AND (a.action = 'update' AND a.old ->> 'status' <> 'escalated'
           OR a.action = 'insert' AND s.created_at AT TIME ZONE 'UTC' >= :since)
      AND NOT ({_COVERED.format(session="s.id", at="a.at")})
    GROUP BY s.id ORDER BY at, s.id LIMIT :limit
""")
_TRIGGERS = text(f"""
    SELECT g.id, g.session_id, g.trigger_type, g.trigger_value, g.triggered_at AT TIME ZONE 'UTC' AS at
    FROM public.escalation_triggers AS g
    WHERE g.escalation_decision = 'escalate' AND g.triggered_at AT TIME ZONE 'UTC' >= :since
      AND g.triggered_at AT TIME ZONE 'UTC' < :until
      AND NOT ({_COVERED.format(session="g.session_id", at="(g.triggered_at AT TIME ZONE 'UTC')")})
      AND NOT EXISTS (
          SELECT FROM escalation.event_inbox AS i WHERE i.session_id = g.session_id AND i.ticket_id IS NOT NULL
            AND i.occurred_at = g.triggered_at AT TIME ZONE 'UTC')
    ORDER BY g.triggered_at, g.id LIMIT :limit
""")
_UNMAILED = text(f"""
    SELECT p.id AS ticket_id, p.session_id, own.ticket_id IS NOT NULL AS ours
    FROM public.support_tickets AS p LEFT JOIN escalation.tickets AS own ON own.ticket_id = p.id
    WHERE p.status = 'open' AND coalesce(own.opened_at, p.created_at AT TIME ZONE 'UTC') >= :since
      AND coalesce(own.opened_at, p.created_at AT TIME ZONE 'UTC') < :until
      AND NOT EXISTS (
          SELECT FROM escalation.mails AS m JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
          WHERE m.ticket_id = p.id AND m.template IN ('ticket_opened', 'ticket_updated')
            AND r.state NOT IN ('refused', 'cancelled'))
      AND (own.ticket_id IS NOT NULL OR NOT EXISTS (
          SELECT FROM escalation.tickets AS o JOIN public.support_tickets AS other ON other.id = o.ticket_id
          WHERE o.session_id = p.session_id AND NOT {is_finished("other")}))
    ORDER BY p.created_at, p.id LIMIT :limit
""")
_LOST = text("""
    SELECT own.ticket_id FROM escalation.tickets AS own
    WHERE own.opened_at >= :since AND own.opened_at < :until
      AND NOT EXISTS (SELECT FROM public.support_tickets AS p WHERE p.id = own.ticket_id)
      AND NOT EXISTS (
          SELECT FROM escalation.audit_log AS a
          WHERE a.table_name = 'support_tickets' AND a.row_id = own.ticket_id AND a.action = 'delete')
    LIMIT :limit
""")
_FINDINGS: Final = {
    "undecided_events": _UNDECIDED,
    "escalated_sessions": _ESCALATED,
    "lone_triggers": _TRIGGERS,
    "unmailed_tickets": _UNMAILED,
    "lost_tickets": _LOST,
}


def find(connection: Connection, kind: str, span: Span) -> list[RowMapping]:
    """Up to 500 of a kind, the oldest first."""
    return list(connection.execute(_FINDINGS[kind], span.parameters()).mappings())
