"""What the database remembers of the shared tables' shape, so that a dropped one can be made again as it was.

Names in definitions are qualified, since nothing but pg_catalog is on the function's search path.
"""

from typing import Final

from models.audit import trigger_name

SHARED_TABLES: Final = ("ai_sessions", "ai_messages", "troubleshooting_steps", "support_tickets", "escalation_triggers")

# Constraints: primary key, unique, check and exclusion; NOT NULL stands with the column (PostgreSQL 18 has both).
SHAPE_FUNCTION: Final = (
    """
    CREATE FUNCTION escalation.shape_of(names text[]) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $shape$
    SELECT jsonb_object_agg(c.relname, jsonb_build_object(
        'oid', c.oid::bigint,
        'owner', pg_get_userbyid(c.relowner),
        'columns', (
            SELECT jsonb_agg(jsonb_build_object(
                'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                'required', a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
            FROM pg_attribute AS a
            LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        'constraints', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', k.conname, 'definition', pg_get_constraintdef(k.oid)) ORDER BY k.contype, k.conname), '[]')
            FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'x')),
        'references', (
            SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
                'table', format('%I.%I', s.nspname, r.relname), 'name', k.conname,
                'definition', pg_get_constraintdef(k.oid))), '[]')
            FROM pg_constraint AS k
            JOIN pg_class AS r ON r.oid = k.conrelid
            JOIN pg_namespace AS s ON s.oid = r.relnamespace
            WHERE k.contype = 'f' AND k.conparentid = 0 AND c.oid IN (k.conrelid, k.confrelid)),
        'indexes', (
            SELECT coalesce(jsonb_agg(pg_get_indexdef(i.indexrelid) ORDER BY i.indexrelid), '[]')
            FROM pg_index AS i
            WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid
                                                     AND k.contype IN ('p', 'u', 'x'))),
        'triggers', (
            SELECT coalesce(jsonb_agg(pg_get_triggerdef(t.oid) ORDER BY t.tgname), '[]')
            FROM pg_trigger AS t
            WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND NOT starts_with(t.tgname, 'escalation_audit_')),
        'grants', (
            SELECT coalesce(jsonb_agg(format('GRANT %s%s ON public.%I TO %s%s', g.privilege_type,
                ' (' || quote_ident(g.attname) || ')', c.relname,
                CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)), '[]')
            FROM (
                SELECT NULL AS attname, x.* FROM aclexplode(c.relacl) AS x WHERE x.grantee <> c.relowner
                UNION ALL
                SELECT a.attname, x.* FROM pg_attribute AS a, aclexplode(a.attacl) AS x WHERE a.attrelid = c.oid
            ) AS g)
        ))
    FROM unnest(names) AS n (name)
    JOIN pg_class AS c ON c.oid = to_regclass(format('public.%I', n.name)) AND c.relkind IN ('r', 'p')
    $shape$""",
    "REVOKE ALL ON FUNCTION escalation.shape_of(text[]) FROM PUBLIC",
)

# Only a whole picture is kept: after an accident the older one is worth more.
REMEMBER_SHAPE: Final = f"""
    INSERT INTO escalation.settings (key, value)
    SELECT 'shape', shape FROM escalation.shape_of('{{{",".join(SHARED_TABLES)}}}') AS shape
    WHERE (SELECT count(*) FROM jsonb_object_keys(shape)) = {len(SHARED_TABLES)}
      AND (SELECT count(*) FROM pg_trigger
           WHERE tgname = '{trigger_name("truncate")}' AND tgrelid IN (
               to_regclass('public.ai_sessions'), to_regclass('public.support_tickets'),
               to_regclass('public.escalation_triggers'))) = 3
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = clock_timestamp()"""
