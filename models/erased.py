"""Whoever was erased stays erased: of their sessions the audit log keeps facts alone, whoever changes rows later."""

from typing import Final

from models.audit import ACTIONS, WHOLE, function_statements

# What is no text of the person's, and no name; a ticket that is still open is followed by it.
BARE: Final = (
    *("id", "session_id", "ticket_number", "status", "priority", "assigned_expert_id", "created_at"),
    "trigger_type",
)
# Asked once a statement: as long as nobody was erased, no row costs more than before.
ANYBODY: Final = {
    "declare": "DECLARE anybody boolean;",
    "first": "anybody := EXISTS (SELECT FROM escalation.erased_sessions);",
}
_UNLESS_ERASED = (
    "CASE WHEN anybody THEN escalation.recorded(tg_table_name, {{row}}.id, row_to_json({{row}}.*)) ELSE {whole} END"
)
RECORDED: Final = _UNLESS_ERASED.format(whole=WHOLE)
# The same JSONB without a call of ours for each row; what JSONB cannot hold is an error here.
QUICKLY_RECORDED: Final = _UNLESS_ERASED.format(whole="to_jsonb({row}.*)")


def bare(row: str) -> str:
    """The SQL expression for what is left of a row (JSONB) of somebody who was erased."""
    members = ", ".join(f"'{name}', {row} -> '{name}'" for name in BARE)
    return f"jsonb_strip_nulls(jsonb_build_object({members}))"


ERASED_SESSIONS: Final = """
    CREATE TABLE escalation.erased_sessions (
        session_id TEXT PRIMARY KEY,
        erased_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )"""
# A row that is kept as text (models/audit.py) has its members in the table's order, so the first match is its own.
SESSION_OF: Final = (
    r"""
    CREATE FUNCTION escalation.session_of(changed text, row_id text, content jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $session$
    SELECT CASE
        WHEN changed = 'ai_sessions' THEN row_id
        WHEN jsonb_typeof(content) = 'object' THEN content ->> 'session_id'
        ELSE (regexp_match(content #>> '{}', '"session_id":"([^"]*)"'))[1] END
    $session$""",
    "REVOKE ALL ON FUNCTION escalation.session_of(text, text, jsonb) FROM PUBLIC",
)
RECORDED_FUNCTION: Final = (
    f"""
    CREATE FUNCTION escalation.recorded(changed text, row_id text, whole_row json) RETURNS jsonb
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $recorded$
    DECLARE
        content jsonb := escalation.as_jsonb(whole_row);
    BEGIN
        IF EXISTS (SELECT FROM escalation.erased_sessions AS e
                   WHERE e.session_id = escalation.session_of(changed, row_id, content)) THEN
            RETURN {bare("content")};
        END IF;
        RETURN content;
    END $recorded$""",
    "REVOKE ALL ON FUNCTION escalation.recorded(text, text, json) FROM PUBLIC",
)


def statements() -> list[str]:
    """The table, the functions, and the audit functions that ask them; the triggers stay what they are."""
    audit = [statement for action in ACTIONS for statement in function_statements(action, [RECORDED], **ANYBODY)]
    return [ERASED_SESSIONS, *SESSION_OF, *RECORDED_FUNCTION, *audit]
