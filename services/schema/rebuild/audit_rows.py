"""The rows as the audit log knows them: the last entry of each row is what it was."""

from sqlalchemy import Connection, TextClause, text

from services.schema.rebuild.table_state import LOST_ROWS, TableState

# The baseline was read while changes were on record already, so any other entry is newer, whatever its number.
_LAST = """
    last AS (
        SELECT DISTINCT ON (row_id) row_id, audit_id, action, new FROM escalation.audit_log
        WHERE table_name = :table AND row_id IS NOT NULL
        ORDER BY row_id, (action = 'baseline'), audit_id DESC
    )"""
# A row that must have a value and has none: it changed while a column was dropped, or it was erased on request.
_NULLS = "ARRAY(SELECT k FROM unnest(CAST(:required AS text[])) AS k WHERE jsonb_typeof({row}.new -> k) = 'null')"
_WHOLE = f"({{row}}.new ?& CAST(:required AS text[]) AND cardinality({_NULLS}) = 0)"
# Then an older entry says what is missing; what was erased has none, and stays erased.
_LOST = f"""
    lost AS (
        SELECT last.row_id, older.new IS NULL AND incomplete AS erased,
               CASE WHEN incomplete THEN older.new || (last.new - {_NULLS.format(row="last")}) ELSE last.new END AS new
        FROM last
        CROSS JOIN LATERAL (
            SELECT jsonb_typeof(last.new) = 'object' AND NOT {_WHOLE.format(row="last")} AS incomplete) AS looked
        LEFT JOIN LATERAL (
            SELECT a.new FROM escalation.audit_log AS a
            WHERE incomplete AND a.table_name = :table AND a.row_id = last.row_id AND jsonb_typeof(a.new) = 'object'
              AND {_WHOLE.format(row="a")}
            ORDER BY (a.action = 'baseline'), a.audit_id DESC LIMIT 1) AS older ON true
        WHERE last.new IS NOT NULL AND last.audit_id < :before
          AND NOT EXISTS (SELECT FROM {{here}} AS p WHERE p.id = last.row_id)
    )"""
# A dropped table has no rows.
NO_ROWS = "(SELECT NULL::text AS id WHERE false)"
# A row that JSONB could not hold was kept as text; the letters that no JSON value can be made of are replaced.
CONTENT = r"""
    CASE jsonb_typeof(lost.new) WHEN 'string'
        THEN CAST(regexp_replace(lost.new #>> '{}', '\\u(0000|d[89a-f][0-9a-f]{2})', '\\ufffd', 'gi') AS json)
        ELSE CAST(lost.new AS json) END"""
_HAS_SESSION = "EXISTS (SELECT FROM public.ai_sessions AS s WHERE s.id = r.session_id)"
_RECORD_FOUND = """
    WITH {last}
    INSERT INTO escalation.audit_log (actor, table_name, row_id, action, old, new)
    SELECT 'rebuild', :table, p.id, CASE WHEN last.new IS NULL THEN 'insert' ELSE 'update' END, last.new, p.content
    FROM (SELECT id, escalation.recorded(:table, t.id, row_to_json(t.*)) AS content FROM public.{table} AS t) AS p
    LEFT JOIN last ON last.row_id = p.id
    WHERE last.new IS DISTINCT FROM p.content"""
_RECORD_GONE = """
    WITH {last}
    INSERT INTO escalation.audit_log (actor, table_name, row_id, action, old)
    SELECT 'rebuild', :table, row_id, 'delete', new FROM last
    WHERE new IS NOT NULL AND NOT EXISTS (SELECT FROM public.{table} AS p WHERE p.id = last.row_id)"""


def _make_statement(query: str, state: TableState) -> TextClause:
    here = f"public.{state.name}" if state.exists else NO_ROWS
    return text(query.format(last=_LAST, lost=_LOST.format(here=here), table=state.name))


def _make_parameters(state: TableState) -> dict[str, object]:
    required = [column["name"] for column in state.shape["columns"] if column["required"]]
    return {"table": state.name, "before": state.before, "required": required}


def _count(connection: Connection, state: TableState, condition: str, source: str = "lost") -> int:
    query = f"WITH {{last}}, {{lost}} SELECT count(*) FROM {source} WHERE {condition}"
    return int(connection.execute(_make_statement(query, state), _make_parameters(state)).scalar_one())


def lost_rows(connection: Connection, state: TableState) -> int:
    """How many rows went with the table, and are known."""
    return _count(connection, state, "NOT erased") if state.audited and state.fate in LOST_ROWS else 0


def erased_rows(connection: Connection, state: TableState) -> int:
    """How many rows went with the table whose content had been erased on request."""
    return _count(connection, state, "erased") if state.audited and state.fate in LOST_ROWS else 0


def repaired_rows(connection: Connection, state: TableState) -> int:
    """How many of them hold letters that must be replaced."""
    return _count(connection, state, "jsonb_typeof(new) = 'string'") if state.fate in LOST_ROWS else 0


def deleted_rows(connection: Connection, state: TableState) -> int:
    """How many rows were deleted one by one, and stay deleted."""
    return _count(connection, state, "new IS NULL", "last") if state.audited else 0


def vanished_rows(connection: Connection, state: TableState) -> int:
    """How many rows are gone from a table that is still the same one, without a record of who took them."""
    return _count(connection, state, "true") if state.audited and state.fate not in LOST_ROWS else 0


def restore_rows(connection: Connection, state: TableState) -> int:
    """Write the lost rows again, those that are there stay as they are; return how many were written.

    A row whose session is not there is left out: its foreign key would refuse it, and all the others with it.
    """
    columns = ", ".join(f'"{name}"' for name in state.columns)
    values = ", ".join(f'r."{name}"' for name in state.columns)
    query = (
        f"WITH {_LAST}, {_LOST.format(here=f'public.{state.name}')} INSERT INTO public.{state.name} ({columns}) "
        f"SELECT {values} FROM lost, json_populate_record(NULL::public.{state.name}, {CONTENT}) AS r "
        f"WHERE NOT lost.erased AND {_HAS_SESSION if 'session_id' in state.columns else 'true'} "
        "ORDER BY lost.row_id ON CONFLICT DO NOTHING"
    )
    return connection.execute(text(query), _make_parameters(state)).rowcount


def record_unseen(connection: Connection, state: TableState) -> None:
    """Bring the log up to what is in a table whose changes nobody recorded for a while."""
    connection.execute(_make_statement(_RECORD_FOUND, state), {"table": state.name})
    if state.fate not in LOST_ROWS:
        connection.execute(_make_statement(_RECORD_GONE, state), {"table": state.name})
