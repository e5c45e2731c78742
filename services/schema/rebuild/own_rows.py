"""Rows that the audit log does not know, from the worker's own tables: less, but better than nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from rules.reasons import REASONS, TRIGGER_TYPE, by_gravity
from services.conversation import load_conversations
from services.privacy.erasure import ERASED
from services.schema.rebuild.audit_rows import NO_ROWS
from services.schema.rebuild.table_state import LOST_ROWS, TableState
from services.tickets.abparts_rows import UNKNOWN_USER, describe_decision, numeric_observation, trigger_id

_UNRECORDED = """
    NOT EXISTS (SELECT FROM escalation.audit_log AS a WHERE a.table_name = '{table}' AND a.row_id = {key})
    AND NOT EXISTS (SELECT FROM {here} AS p WHERE p.id = {key})"""
_SESSIONS = """
    SELECT s.session_id, s.user_id, s.machine_id, s.language, s.created_at AT TIME ZONE 'UTC' AS at
    FROM escalation.sessions AS s WHERE {condition} ORDER BY s.session_id"""
_HAS_TICKET = "EXISTS (SELECT FROM escalation.tickets AS t WHERE t.session_id = s.session_id)"
_TICKETS = """
    SELECT t.ticket_id, t.session_id, t.ticket_number, coalesce(t.seen_priority, t.priority) AS priority,
           t.seen_status AS status, t.seen_assigned AS assigned, t.reasons, t.opened_at AT TIME ZONE 'UTC' AS at
    FROM escalation.tickets AS t WHERE {condition} ORDER BY t.ticket_number"""
_REASONS_OF = "SELECT ticket_id, session_id, reasons FROM escalation.tickets ORDER BY ticket_number"
_ERASED_AMONG = text("""
    SELECT session_id FROM escalation.erased_sessions WHERE session_id = ANY(CAST(:sessions AS text[]))
""")
_AMONG = """
    SELECT n.id FROM unnest(CAST(:triggers AS text[])) AS n (id) WHERE {condition}"""

_INSERT_SESSION = text("""
    INSERT INTO public.ai_sessions (id, user_id, machine_id, status, language, created_at, updated_at)
    VALUES (:id, :user_id, :machine_id, 'escalated', :language, :at, :at) ON CONFLICT DO NOTHING
""")
_INSERT_TICKET = text("""
    INSERT INTO public.support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
        session_summary, assigned_expert_id, created_at, updated_at)
    SELECT :ticket_id, :session_id, :ticket_number, :priority, :status, :reason, :summary, :assigned, :at, :at
    WHERE EXISTS (SELECT FROM public.ai_sessions WHERE id = :session_id) ON CONFLICT DO NOTHING
""")
_INSERT_TRIGGER = text("""
    INSERT INTO public.escalation_triggers
        (id, session_id, trigger_type, trigger_value, triggered_at, escalation_decision, decision_reason)
    SELECT :id, :session_id, :type, CAST(:value AS double precision), CAST(:at AS timestamptz) AT TIME ZONE 'UTC',
           'escalate', :told
    WHERE EXISTS (SELECT FROM public.ai_sessions WHERE id = :session_id) ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Which:
    """Which rows are wanted: an SQL condition on `{key}`, the row's id, and its parameters."""

    condition: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def about(self, key: str) -> str:
        return self.condition.format(key=key)


def _select_unrecorded(state: TableState) -> Which:
    here = f"public.{state.name}" if state.exists else NO_ROWS
    return Which(_UNRECORDED.format(table=state.name, key="{key}", here=here))


def known_sessions(connection: Connection, which: Which) -> list[dict[str, Any]]:
    statement = text(_SESSIONS.format(condition=which.about("s.session_id")))
    rows = connection.execute(statement, which.parameters).mappings()
    return [
        {
            "id": row["session_id"],
            "user_id": row["user_id"] or UNKNOWN_USER,
            "machine_id": row["machine_id"],
            "language": row["language"] or "en",
            "at": row["at"],
        }
        for row in rows
    ]


def _escalated_sessions(connection: Connection, which: Which) -> list[dict[str, Any]]:
    return known_sessions(connection, Which(f"{_HAS_TICKET} AND {which.condition}", which.parameters))


def known_tickets(connection: Connection, which: Which) -> list[dict[str, Any]]:
    statement = text(_TICKETS.format(condition=which.about("t.ticket_id")))
    rows = connection.execute(statement, which.parameters).mappings().all()
    return [{**row, "reason": _gravest(row["reasons"])} for row in rows]


def _gravest(reasons: Collection[str]) -> str:
    known = by_gravity(reason for reason in reasons if reason in REASONS)
    return known[0] if known else "unknown"


def with_summaries(connection: Connection, tickets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tickets' summaries anew, from what is left of the conversations; of people who were erased, none."""
    sessions = {ticket["session_id"] for ticket in tickets}
    erased = set(connection.execute(_ERASED_AMONG, {"sessions": list(sessions)}).scalars())
    known = load_conversations(connection, sessions - erased)
    summaries = dict.fromkeys(erased, ERASED) | {
        session: conversation.summary() for session, conversation in known.items()
    }
    return [{**ticket, "summary": summaries[ticket["session_id"]]} for ticket in tickets]


def known_triggers(connection: Connection, which: Which) -> list[dict[str, Any]]:
    tickets = connection.execute(text(_REASONS_OF)).mappings()
    triggers = [trigger for ticket in tickets for trigger in _triggers_of(ticket)]
    given = {**which.parameters, "triggers": [trigger["id"] for trigger in triggers]}
    wanted = set(connection.execute(text(_AMONG.format(condition=which.about("n.id"))), given).scalars())
    return [trigger for trigger in triggers if trigger["id"] in wanted]


def _triggers_of(ticket: RowMapping) -> list[dict[str, Any]]:
    """A trigger row for each reason, the same as was written with the ticket."""
    return [
        {
            "id": trigger_id(ticket["ticket_id"], reason),
            "session_id": ticket["session_id"],
            "type": TRIGGER_TYPE[reason],
            "value": numeric_observation(evidence),
            "at": evidence["at"],
            "told": describe_decision(reason, evidence),
        }
        for reason, evidence in ticket["reasons"].items()
        if reason in REASONS
    ]


_FINDERS = {
    "ai_sessions": _escalated_sessions,
    "support_tickets": known_tickets,
    "escalation_triggers": known_triggers,
}


def unknown_rows(connection: Connection, state: TableState) -> list[dict[str, Any]]:
    """The rows of a lost table that only the worker's own tables know."""
    find = _FINDERS.get(state.name)
    return find(connection, _select_unrecorded(state)) if find and state.fate in LOST_ROWS else []


_INSERTS = {"ai_sessions": _INSERT_SESSION, "support_tickets": _INSERT_TICKET, "escalation_triggers": _INSERT_TRIGGER}


def restore_own(connection: Connection, state: TableState) -> int:
    """Write them, as far as their session is there; return how many were written."""
    rows = unknown_rows(connection, state)
    if rows and state.name == "support_tickets":
        rows = with_summaries(connection, rows)
    return sum(connection.execute(_INSERTS[state.name], row).rowcount for row in rows)
