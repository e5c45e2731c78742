"""The state of sessions: read after the lock, in a statement of its own, and written back when it changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Table

from rules.decision import OpenTicket, SessionState
from rules.foreign_words import known_priority
from rules.ticket_states import FINISHED
from services.database.calendar import in_calendar
from services.database.encoding import json_text, sql_list
from services.database.prepared import prepared
from services.database.quick import fetch, write
from services.database.unnest import Jsonb, Unnest
from services.directory.tables import READABLE_COLUMN, Readable, as_readable, readable_parameters

_FINISHED: Final = sql_list(*FINISHED)


def is_finished(ticket: str) -> str:
    """Whether a row of `support_tickets` under this alias is resolved or closed."""
    return f"(CAST({ticket}.status AS text) IN {_FINISHED})"


def closing_time(ticket: str) -> str:
    """When the row of `support_tickets` under this alias was last resolved or closed (timestamptz).

    The audit log's time counts. `resolved_at` is written by people, some of them in local time, and is asked only when
    the log has nothing, and only where it lies in the past; else the time at which the ticket was opened: too early is
    harmless, too late would swallow events.
    """
    written = in_calendar(f"coalesce({ticket}.resolved_at, {ticket}.updated_at) AT TIME ZONE 'UTC'")
    opened = in_calendar(f"{ticket}.created_at AT TIME ZONE 'UTC'")
    return f"""coalesce(
        (SELECT max(finished.at) FROM escalation.audit_log AS finished
         WHERE finished.table_name = 'support_tickets' AND finished.row_id = {ticket}.id
           AND finished.action IN ('insert', 'update') AND finished.new ->> 'status' IN {_FINISHED}
           AND coalesce(finished.old ->> 'status', '') NOT IN {_FINISHED}),
        CASE WHEN {written} <= now() THEN {written} END,
        {opened})"""


_READ = prepared(f"""
    SELECT s.session_id, s.user_id, s.machine_id, s.language, s.announced_at, s.announced_by, s.ended,
           s.failed_steps, s.status, t.tickets, t.last_ticket_id, t.closed_at,
           t.open_ticket_id, t.open_number, t.open_priority, t.open_reasons, t.open_adopted
    FROM escalation.sessions AS s
    LEFT JOIN LATERAL (
        SELECT count(*) AS tickets,
               (array_agg(own.ticket_id ORDER BY own.ordinal DESC))[1] AS last_ticket_id,
               max({closing_time("shared")}) FILTER (WHERE {is_finished("shared")}) AS closed_at,
               max(own.ticket_id) FILTER (WHERE NOT {is_finished("shared")}) AS open_ticket_id,
               max(own.ticket_number) FILTER (WHERE NOT {is_finished("shared")}) AS open_number,
               max(own.priority) FILTER (WHERE NOT {is_finished("shared")}) AS open_priority,
               (array_agg(own.reasons) FILTER (WHERE NOT {is_finished("shared")}))[1] AS open_reasons,
               bool_or(own.adopted) FILTER (WHERE NOT {is_finished("shared")}) AS open_adopted
        FROM escalation.tickets AS own
        LEFT JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
        WHERE own.session_id = s.session_id
    ) AS t ON true
    WHERE s.session_id = ANY(CAST(:session_ids AS text[]))
""")


def read_states(connection: Connection, session_ids: Iterable[str]) -> dict[str, SessionState]:
    """The states of these sessions as they are now that their locks are held.

    Whether a ticket is finished is read from ABParts' row itself, so a change by plain SQL counts.
    """
    rows = fetch(connection, _READ, {"session_ids": list(session_ids)})
    return {row["session_id"]: _as_state(row) for row in rows}


def _as_state(row: dict[str, Any]) -> SessionState:
    ticket = None
    if row["open_ticket_id"]:
        ticket = OpenTicket(
            ticket_id=row["open_ticket_id"],
            ticket_number=row["open_number"],
            reasons=frozenset(row["open_reasons"]),
            priority=known_priority(row["open_priority"]),
            adopted=row["open_adopted"],
        )
    return SessionState(
        session_id=row["session_id"],
        user_id=row["user_id"],
        machine_id=row["machine_id"],
        language=row["language"],
        announced_at=row["announced_at"],
        announced_by=row["announced_by"],
        ended=row["ended"],
        failed_steps={int(step): datetime.fromisoformat(at) for step, at in row["failed_steps"].items()},
        status=row["status"],
        ticket=ticket,
        last_ticket_id=row["last_ticket_id"],
        tickets=row["tickets"],
        closed_at=row["closed_at"],
    )


class _StateRow(NamedTuple):
    session_id: str
    user_id: str | None
    machine_id: str | None
    language: str | None
    announced_at: datetime | None
    announced_by: UUID | None
    ended: str | None
    failed_steps: Jsonb
    status: str


_STATE_ROWS = Unnest(_StateRow)
_WRITE = prepared(f"""
    UPDATE escalation.sessions AS s
    SET {_STATE_ROWS.assignments(key="session_id")}
    FROM {_STATE_ROWS.table}
    WHERE s.session_id = n.session_id
""")


def write_states(connection: Connection, states: Sequence[SessionState]) -> None:
    """Write the states that changed; their rows are locked already."""
    rows = [
        _StateRow(
            session_id=state.session_id,
            user_id=state.user_id,
            machine_id=state.machine_id,
            language=state.language,
            announced_at=state.announced_at,
            announced_by=state.announced_by,
            ended=state.ended,
            failed_steps=json_text({step: at.isoformat() for step, at in state.failed_steps.items()}),
            status=state.status,
        )
        for state in states
    ]
    write(connection, _WRITE, _STATE_ROWS.parameters(rows))


_READ_KNOWN = prepared(f"""
    SELECT s.id, s.user_id, s.machine_id, s.language, s.session_metadata, {READABLE_COLUMN} AS readable
    FROM (VALUES (0)) AS always (one)
    LEFT JOIN public.ai_sessions AS s ON s.id = ANY(CAST(:session_ids AS text[]))
""")


@dataclass(frozen=True, slots=True)
class _KnownSession:
    """A session's user, machine and language as far as anybody has told us."""

    session_id: str
    user_id: str | None
    machine_id: str | None
    language: str | None
    metadata: dict[str, Any] = field(default_factory=dict)


def known_sessions(
    connection: Connection, states: Sequence[SessionState], tables: Sequence[Table]
) -> tuple[dict[str, _KnownSession], Readable]:
    """What is known of these sessions, by id, and what is readable of these tables.

    A session that ABParts never stored is known by its events alone.
    """
    parameters = {"session_ids": [state.session_id for state in states], **readable_parameters(*tables)}
    rows = fetch(connection, _READ_KNOWN, parameters)
    stored = {row["id"]: row for row in rows}
    known = {state.session_id: _combine(state, stored.get(state.session_id, {})) for state in states}
    return known, as_readable(rows[0]["readable"])


def _combine(state: SessionState, row: dict[str, Any]) -> _KnownSession:
    metadata = row.get("session_metadata")
    return _KnownSession(
        session_id=state.session_id,
        user_id=state.user_id or row.get("user_id"),
        machine_id=state.machine_id or row.get("machine_id"),
        language=state.language or row.get("language"),
        metadata=metadata if isinstance(metadata, dict) else {},
    )
