"""What the worker's own tables know of single columns of rows that are there."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection

from services.schema.rebuild.own_rows import Which, known_sessions, known_tickets, known_triggers, with_summaries

_FINDERS: Final = {
    "ai_sessions": ("id", known_sessions),
    "support_tickets": ("ticket_id", known_tickets),
    "escalation_triggers": ("id", known_triggers),
}
# The column, and the name under which our own records hold the same.
_SAME: Final = {
    "ai_sessions": {
        "user_id": "user_id", "machine_id": "machine_id", "language": "language", "created_at": "at",
        "updated_at": "at",
    },
    "support_tickets": {
        "session_id": "session_id", "ticket_number": "ticket_number", "priority": "priority", "status": "status",
        "escalation_reason": "reason", "session_summary": "summary", "assigned_expert_id": "assigned",
        "created_at": "at", "updated_at": "at",
    },
    "escalation_triggers": {
        "session_id": "session_id", "trigger_type": "type", "trigger_value": "value", "triggered_at": "at",
        "decision_reason": "told",
    },
}  # fmt: skip


def own_values(connection: Connection, table: str, column: str, ids: Collection[str]) -> dict[str, Any]:
    """The column's value by the row's id, for those of these rows that our own records know."""
    name = _SAME.get(table, {}).get(column)
    if name is None or not ids:
        return {}
    key, find = _FINDERS[table]
    rows = find(connection, Which("{key} = ANY(CAST(:ids AS text[]))", {"ids": list(ids)}))
    if name == "summary":
        rows = with_summaries(connection, rows)
    return {row[key]: value(row, name) for row in rows}


def value(row: Mapping[str, Any], name: str) -> Any:
    """Times as ABParts has them: in UTC, without a zone; evidence has them as texts."""
    found = row[name]
    if name == "at" and isinstance(found, str):
        return datetime.fromisoformat(found).astimezone(UTC).replace(tzinfo=None)
    return found
