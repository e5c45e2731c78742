"""Let the database record every change of tickets, sessions and triggers, whoever makes it: functions and triggers.

The functions run with their owner's rights and a fixed search path (PostgreSQL manual, "Writing SECURITY DEFINER
Functions Safely"), so that ABParts' role needs no right for it. An error in them fails our own statements (they set
`escalation.actor`) and nobody else's: ABParts must never fail or wait because of us.
"""

from collections.abc import Sequence
from typing import Final

AUDITED: Final = ("support_tickets", "ai_sessions", "escalation_triggers")
ACTIONS: Final = ("insert", "update", "delete", "truncate")

# JSON can hold what JSONB cannot (a lone surrogate, the letter NUL, an endless number): kept as text, never lost.
AS_JSONB: Final = (
    """
    CREATE FUNCTION escalation.as_jsonb(whole_row json) RETURNS jsonb
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $row$
    BEGIN
        RETURN whole_row::jsonb;
    EXCEPTION WHEN data_exception THEN
        RETURN to_jsonb(whole_row::text);
    END $row$""",
    "REVOKE ALL ON FUNCTION escalation.as_jsonb(json) FROM PUBLIC",
)
ACTOR = "coalesce(nullif(current_setting('escalation.actor', true), ''), session_user)"
# How a row is kept: whole. Later migrations keep it by other functions.
# The star says row, and no column that may have the same name.
WHOLE = "escalation.as_jsonb(row_to_json({row}.*))"
NEW = "(SELECT id, {new} AS content FROM new_rows AS n) AS n"
OLD = "(SELECT id, {old} AS content FROM old_rows AS o) AS o"
ROWS = {
    "insert": f"SELECT {ACTOR}, tg_table_name, n.id, 'insert', NULL, n.content FROM {NEW}",
    "update": f"""SELECT {ACTOR}, tg_table_name, coalesce(n.id, o.id), 'update', o.content, n.content
            FROM {OLD} FULL JOIN {NEW} ON n.id = o.id WHERE o.content IS DISTINCT FROM n.content""",
    "delete": f"SELECT {ACTOR}, tg_table_name, o.id, 'delete', o.content, NULL FROM {OLD}",
    "truncate": f"SELECT {ACTOR}, tg_table_name, NULL, 'truncate', NULL, NULL",
}
TRANSITION = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "REFERENCING OLD TABLE AS old_rows",
    "truncate": "",
}


def function_statements(
    action: str, kept: Sequence[str] = (WHOLE,), declare: str = "", first: str = ""
) -> tuple[str, str]:
    """The function that records one kind of change, closed to everyone but the triggers.

    A table of ABParts' may have a column with the name of one of its variables.

    :param kept: the SQL expression that makes a row (`{row}`) what is written to the log; a second one is for all rows
        of a statement of which one has content that the first cannot keep
    :param declare: variables that it needs
    :param first: what is asked once for all rows
    """
    quick, *careful = (_record(action, expression) for expression in kept)
    record = quick if not careful else _QUICK_OR_CAREFUL.format(quick=quick, careful=careful[0])
    return (
        f"""
    CREATE OR REPLACE FUNCTION escalation.audit_{action}() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '20ms' AS $audit$
    #variable_conflict use_variable
    {declare}
    BEGIN
        {first}
        {record}
        RETURN NULL;
    EXCEPTION WHEN OTHERS THEN
        IF coalesce(current_setting('escalation.actor', true), '') <> '' THEN
            RAISE;
        END IF;
        RAISE WARNING 'escalation.audit_log could not record a change of %: %', tg_table_name, sqlerrm;
        RETURN NULL;
    END $audit$""",
        f"REVOKE ALL ON FUNCTION escalation.audit_{action}() FROM PUBLIC",
    )


_QUICK_OR_CAREFUL: Final = """BEGIN
            {quick}
        EXCEPTION WHEN data_exception THEN
            {careful}
        END;"""


def _record(action: str, kept: str) -> str:
    rows = ROWS[action].format(new=kept.format(row="n"), old=kept.format(row="o"))
    return f"""INSERT INTO escalation.audit_log (actor, table_name, row_id, action, old, new)
            {rows};"""


def trigger_name(action: str) -> str:
    return f"escalation_audit_{action}"


def trigger_statements(table: str) -> list[str]:
    """The triggers that call the functions for one table."""
    return [
        f"CREATE TRIGGER {trigger_name(action)} AFTER {action} ON public.{table} {TRANSITION[action]} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION escalation.audit_{action}()"
        for action in ACTIONS
    ]
