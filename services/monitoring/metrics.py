"""What the exporter and `status` show: few statements, small tables; no personal data, no synthetic sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

# What is sent together with others; danger never is. Until its time has come it waits on purpose.
_BUNDLED = "r.lane = 'normal' AND (m.template = 'ticket_updated' OR m.content ? 'bundled')"
_MAILS = text(f"""
    SELECT CASE WHEN r.state = 'queued' AND r.next_attempt_at > clock_timestamp() AND {_BUNDLED} THEN 'bundled'
                ELSE r.state END AS state, r.lane,
           count(*) AS count,
           coalesce(extract(epoch FROM clock_timestamp() - min(r.queued_at)), 0)::float AS oldest_seconds
    FROM escalation.mail_recipients AS r JOIN escalation.mails AS m USING (mail_id)
    WHERE r.state NOT IN ('accepted', 'cancelled', 'refused') GROUP BY 1, 2
""")
_DUE = text("""
    SELECT lane, extract(epoch FROM clock_timestamp() - min(queued_at))::float AS oldest_seconds
    FROM escalation.mail_recipients
    WHERE state IN ('queued', 'deferred', 'unknown') AND next_attempt_at <= clock_timestamp() GROUP BY lane
""")
_CIRCUITS = text("""
    SELECT split_part(account, ':', 1) AS way, bool_or(state <> 'closed') AS open,
           bool_or(unreachable_since IS NOT NULL) AS unreachable
    FROM escalation.mail_accounts GROUP BY 1
""")
_UNACKNOWLEDGED = text("""
    SELECT CASE WHEN age < interval '15 minutes' THEN '15m' WHEN age < interval '1 hour' THEN '1h'
                WHEN age < interval '1 day' THEN '1d' ELSE 'older' END AS age, count(*) AS count
    FROM (SELECT clock_timestamp() - opened_at AS age FROM escalation.tickets
          WHERE NOT starts_with(session_id, 'rehearsal-')
            AND acknowledged_at IS NULL AND NOT adopted AND seen_status NOT IN ('resolved', 'closed')) AS waiting
    GROUP BY 1
""")
_URGENT_WAITING = text("""
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(own.waiting_since)), 0)::float AS seconds
    FROM escalation.tickets AS own JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
    WHERE own.acknowledged_at IS NULL AND NOT own.adopted AND shared.status = 'open' AND shared.priority = 'urgent'
      AND coalesce(own.snoozed_until <= clock_timestamp(), true) AND NOT starts_with(own.session_id, 'rehearsal-')
""")
# Ranges, so that a long history costs nothing: what is counted is what happened after the last reading.
_ATTEMPTS = text("""
    SELECT coalesce(reply_class, 'none') AS class, count(*) AS count FROM escalation.delivery_attempts
    WHERE finished_at > :after AND finished_at <= :until GROUP BY 1
""")
_DECISIONS = text("""
    SELECT type, decision, count(*) AS count FROM escalation.event_inbox
    WHERE received_at > :after AND received_at <= :until AND NOT starts_with(session_id, 'rehearsal-')
    GROUP BY type, decision
""")
_TICKETS = text("""
    SELECT reason, t.priority, count(*) AS count
    FROM escalation.tickets AS t, LATERAL jsonb_object_keys(t.reasons) AS reason
    WHERE t.opened_at > :after AND t.opened_at <= :until AND NOT t.adopted
      AND NOT starts_with(t.session_id, 'rehearsal-') GROUP BY reason, t.priority
""")
_REJECTED = text("""
    SELECT count(*) FROM escalation.rejected_events WHERE rejected_at > :after AND rejected_at <= :until
""")
_ACCEPTED = text(f"""
    SELECT CASE WHEN {_BUNDLED} THEN 'bundled' ELSE r.lane END AS lane,
           extract(epoch FROM r.accepted_at - m.published_at)::float AS seconds
    FROM escalation.mail_recipients AS r JOIN escalation.mails AS m USING (mail_id)
    WHERE r.accepted_at > :after AND r.accepted_at <= :until AND m.published_at IS NOT NULL
      AND NOT starts_with(m.session_id, 'rehearsal-')
""")
# A transaction of the last seconds may still commit rows that are older than this reading.
_NOW = text("SELECT clock_timestamp() - interval '10 seconds'")
_ALERTS = text(
    "SELECT key, summary, hint, raised_at FROM escalation.alerts WHERE cleared_at IS NULL ORDER BY raised_at"
)


@dataclass(frozen=True, slots=True)
class State:
    """How things are at this moment."""

    mails: list[dict[str, Any]]
    due: list[dict[str, Any]]
    circuits: list[dict[str, Any]]
    unacknowledged: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    urgent_waiting: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class MetricsDelta:
    """What happened between two readings."""

    attempts: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    tickets: list[dict[str, Any]]
    rejected: int
    accepted: list[dict[str, Any]]


def state(connection: Connection) -> State:
    """Counts and ages."""
    statements = (_MAILS, _DUE, _CIRCUITS, _UNACKNOWLEDGED, _ALERTS, _URGENT_WAITING)
    return State(*(_rows(connection, statement) for statement in statements))


def settled(connection: Connection) -> datetime:
    """The latest moment before which no row is expected to appear any more, by the database's clock."""
    moment: datetime = connection.execute(_NOW).scalar_one()
    return moment


def read_delta(connection: Connection, after: datetime, until: datetime) -> MetricsDelta:
    """What happened after one moment and until another."""
    span = {"after": after, "until": until}
    return MetricsDelta(
        attempts=_rows(connection, _ATTEMPTS, span),
        decisions=_rows(connection, _DECISIONS, span),
        tickets=_rows(connection, _TICKETS, span),
        rejected=connection.execute(_REJECTED, span).scalar_one(),
        accepted=_rows(connection, _ACCEPTED, span),
    )


def _rows(connection: Connection, statement: Any, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(statement, parameters or {}).mappings()]
