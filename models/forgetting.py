"""How the audit log forgets: for the worker's role the only way to take anything out of it, and never its last word.

Of each row the newest entry stays, so that a lost table can be rebuilt after years; of a deleted row it stays as a
tombstone without content, so that the row is never brought back.
"""

from typing import Final

FORGET_FUNCTION: Final = "escalation.forget_audit(interval, integer)"
LEAST_AGE = "30 days"

FORGET: Final = (
    f"""
    CREATE FUNCTION escalation.forget_audit(age interval, step integer) RETURNS SETOF bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $forget$
    BEGIN
        IF age < interval '{LEAST_AGE}' THEN
            RAISE EXCEPTION 'the audit log keeps everything for {LEAST_AGE} at least, not %', age;
        END IF;
        RETURN QUERY DELETE FROM escalation.audit_log WHERE audit_id IN (
            SELECT o.audit_id FROM escalation.audit_log AS o
            WHERE o.at < clock_timestamp() - age AND EXISTS (
                SELECT FROM escalation.audit_log AS n
                WHERE n.table_name = o.table_name AND n.row_id = o.row_id AND n.audit_id <> o.audit_id
                  AND n.action <> 'baseline' AND (o.action = 'baseline' OR n.audit_id > o.audit_id))
            LIMIT step FOR UPDATE SKIP LOCKED)
        RETURNING audit_id;
        RETURN QUERY UPDATE escalation.audit_log SET old = NULL WHERE audit_id IN (
            SELECT o.audit_id FROM escalation.audit_log AS o
            WHERE o.at < clock_timestamp() - age AND o.action = 'delete' AND o.old IS NOT NULL
            LIMIT step FOR UPDATE SKIP LOCKED)
        RETURNING audit_id;
    END $forget$""",
    f"REVOKE ALL ON FUNCTION {FORGET_FUNCTION} FROM PUBLIC",
)
