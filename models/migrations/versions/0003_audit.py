"""Let the database record every change of tickets and sessions, whoever makes it.

The functions run with their owner's rights and a fixed search path (PostgreSQL manual, "Writing SECURITY DEFINER
Functions Safely"), so that ABParts' role needs no right for it. An error in them fails our own statements (they set
`escalation.actor`) and nobody else's: ABParts must never fail or wait because of us.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

ACTOR = "coalesce(nullif(current_setting('escalation.actor', true), ''), session_user)"
STATEMENTS = {
    "insert": "SELECT {actor}, tg_table_name, n.id, 'insert', NULL, to_jsonb(n) FROM new_rows AS n",
    "update": """
        SELECT {actor}, tg_table_name, coalesce(n.id, o.id), 'update', to_jsonb(o), to_jsonb(n)
        FROM old_rows AS o FULL JOIN new_rows AS n ON n.id = o.id
        WHERE to_jsonb(o) IS DISTINCT FROM to_jsonb(n)""",
    "delete": "SELECT {actor}, tg_table_name, o.id, 'delete', to_jsonb(o), NULL FROM old_rows AS o",
    "truncate": "SELECT {actor}, tg_table_name, NULL, 'truncate', NULL, NULL",
}
TRANSITION = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "REFERENCING OLD TABLE AS old_rows",
    "truncate": "",
}
AUDITED = ("support_tickets", "ai_sessions")
# Finds the tickets of a session without an index on ABParts' table, also those that somebody else opened.
SESSION_INDEX = """
    CREATE INDEX audit_log_session ON escalation.audit_log ((new ->> 'session_id'))
    WHERE table_name = 'support_tickets' AND action IN ('insert', 'baseline')"""
BASELINE = """
    INSERT INTO escalation.audit_log (actor, table_name, row_id, action, new)
    SELECT 'migration', '{table}', id, 'baseline', to_jsonb(row) FROM public.{table} AS row"""
WATERMARK = """
    INSERT INTO escalation.settings (key, value) VALUES ('adoption', jsonb_build_object('at', now()))"""


def function(action: str) -> str:
    rows = STATEMENTS[action].format(actor=ACTOR)
    return f"""
    CREATE FUNCTION escalation.audit_{action}() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '20ms' AS $audit$
    BEGIN
        INSERT INTO escalation.audit_log (actor, table_name, row_id, action, old, new) {rows};
        RETURN NULL;
    EXCEPTION WHEN OTHERS THEN
        IF coalesce(current_setting('escalation.actor', true), '') <> '' THEN
            RAISE;
        END IF;
        RAISE WARNING 'escalation.audit_log could not record a change of %: %', tg_table_name, sqlerrm;
        RETURN NULL;
    END $audit$"""


def upgrade() -> None:
    for action in STATEMENTS:
        op.execute(function(action))
        op.execute(f"REVOKE ALL ON FUNCTION escalation.audit_{action}() FROM PUBLIC")
        for table in AUDITED:
            op.execute(
                f"CREATE TRIGGER escalation_audit_{action} AFTER {action} ON public.{table} {TRANSITION[action]} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION escalation.audit_{action}()"
            )
    for table in AUDITED:
        op.execute(BASELINE.format(table=table))
    op.execute(SESSION_INDEX)
    op.execute(WATERMARK)
