-- name: catalog
-- What there is of some tables: each column with its type, and whether it may be read. A table without columns has a row.
SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS relkind,
       has_schema_privilege(n.oid, 'USAGE') AS usable, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
       format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, NULL) AS base,
       has_column_privilege(c.oid, a.attnum, 'SELECT') AS readable
FROM unnest(%(schemas)s::text[], %(tables)s::text[]) AS asked (schema, name)
JOIN pg_namespace n ON n.nspname = asked.schema
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type t ON t.oid = a.atttypid
ORDER BY 1, 2, a.attnum;

-- name: neighbours
-- Tables that may be meant where one is missing: those of its schema, and those of its name elsewhere.
SELECT n.nspname AS schema, c.relname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%%'
  AND (n.nspname = ANY (%(schemas)s) OR c.relname = ANY (%(tables)s) OR n.nspname || '.' || c.relname = ANY (%(tables)s))
ORDER BY 1, 2
LIMIT 200;

-- name: replica
-- How far a standby is: what it has received, what of it can be seen, when that was written, and whether more comes.
SELECT pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_last_wal_replay_lsn()
           OR pg_last_wal_replay_lsn() > pg_last_wal_receive_lsn() AS caught_up,
       EXISTS (SELECT FROM pg_stat_get_wal_receiver() r WHERE r.pid IS NOT NULL) AS receiving,
       extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS behind;

-- name: server
-- Which server this is, as whom we are there, and what its clock says.
SELECT current_setting('server_version_num')::int AS version_num, current_setting('server_version') AS version,
       current_user AS user, pg_backend_pid() AS pid, pg_is_in_recovery() AS standby, clock_timestamp() AS now,
       (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone') AS time_zone;

-- name: indexes
-- The indexes of some tables that a query can use: their columns in order, NULL for an expression.
SELECT n.nspname AS schema, c.relname AS name,
       ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
             LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
             WHERE k.place <= i.indnkeyatts ORDER BY k.place) AS columns
FROM unnest(%(schemas)s::text[], %(tables)s::text[]) AS asked (schema, name)
JOIN pg_namespace n ON n.nspname = asked.schema
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name
JOIN pg_index i ON i.indrelid = c.oid
JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_am am ON am.oid = ic.relam
WHERE i.indisvalid AND i.indpred IS NULL AND am.amname = 'btree';

-- name: sizes
-- About how many rows tables have, as last counted by ANALYZE or VACUUM (-1: never); partitions together, empty ones
-- need no count. Before version 14 a table that was never counted has 0 pages.
SELECT n.nspname AS schema, c.relname AS name,
       CASE WHEN bool_and(leaf.never) OR bool_or(leaf.never AND leaf.pages > 0) THEN -1
            ELSE coalesce(sum(leaf.rows), -1) END::float8 AS rows
FROM unnest(%(schemas)s::text[], %(tables)s::text[]) AS asked (schema, name)
JOIN pg_namespace n ON n.nspname = asked.schema
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name
LEFT JOIN LATERAL (
    SELECT l.reltuples < 0 OR (l.reltuples = 0 AND l.relpages = 0 AND current_setting('server_version_num')::int < 140000)
               AS never,
           pg_relation_size(l.oid) AS pages, greatest(l.reltuples, 0) AS rows
    FROM pg_class l
    WHERE CASE c.relkind WHEN 'p' THEN l.oid IN (SELECT t.relid FROM pg_partition_tree(c.oid) t WHERE t.isleaf)
                         ELSE l.oid = c.oid END
) leaf ON true
WHERE c.relkind IN ('r', 'p', 'm')
GROUP BY n.nspname, c.relname;

-- name: preparation
-- Whether `modelward db init` was here, and how many of our triggers stand on a table.
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'modelward' AND c.relname = 'migration') AS initialised,
       (SELECT count(*) FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_proc f ON f.oid = g.tgfoid JOIN pg_namespace fn ON fn.oid = f.pronamespace
        WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND g.tgenabled <> 'D'
          AND fn.nspname = 'modelward' AND f.proname = 'announce_labels') AS triggers;

-- name: books
-- What of the tables in schema modelward this user may not do although the operator would like to: by number, since
-- names are refused without USAGE.
SELECT needed.privilege, needed.object
FROM (VALUES ('USAGE', NULL, 'SCHEMA modelward'),
             ('INSERT', 'audit', 'modelward.audit'), ('SELECT', 'audit', 'modelward.audit'),
             ('SELECT', 'managed', 'modelward.managed'), ('INSERT', 'managed', 'modelward.managed'),
             ('UPDATE', 'managed', 'modelward.managed'), ('DELETE', 'managed', 'modelward.managed'))
     AS needed (privilege, relation, object)
JOIN pg_namespace n ON n.nspname = 'modelward'
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = needed.relation
WHERE (needed.relation IS NULL OR c.oid IS NOT NULL)
  AND NOT CASE WHEN needed.relation IS NULL THEN has_schema_privilege(n.oid, 'USAGE')
               ELSE has_table_privilege(c.oid, needed.privilege) END;
