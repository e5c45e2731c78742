"""When a ticket was finished, as parts of SQL: by the database's own clock, whatever somebody wrote into the row."""

from typing import Final

from rules.ticket_states import FINISHED
from services.database.words import sql_list

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
    written = f"coalesce({ticket}.resolved_at, {ticket}.updated_at) AT TIME ZONE 'UTC'"
    return f"""coalesce(
        (SELECT max(finished.at) FROM escalation.audit_log AS finished
         WHERE finished.table_name = 'support_tickets' AND finished.row_id = {ticket}.id
           AND finished.action IN ('insert', 'update') AND finished.new ->> 'status' IN {_FINISHED}
           AND coalesce(finished.old ->> 'status', '') NOT IN {_FINISHED}),
        CASE WHEN {written} <= now() THEN {written} END,
        {ticket}.created_at AT TIME ZONE 'UTC')"""
