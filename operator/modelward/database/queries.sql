-- name: settings
-- Bound every statement of this transaction, also behind a pooler: nothing here outlives the transaction.
SELECT set_config('statement_timeout', %(statement_timeout)s, true),
       set_config('lock_timeout', %(lock_timeout)s, true),
       set_config('jit', 'off', true),  -- compiling takes longer than these queries
       set_config('TimeZone', %(time_zone)s, true),  -- of columns that have none
       set_config('search_path', 'pg_catalog, public, pg_temp', true),
       pg_is_in_recovery() AS standby;

-- name: judge
-- Answer all questions of a group at once: one row for each question, family, part, version (the one asked about
-- first, then the busiest) and bucket, with counts and sums. The parts: `current`, the window of every live version;
-- `baseline`, another version's last window; `paired`, requests that the version and its rival both answered;
-- `concurrent`, buckets of the time in which both did. The last two only where the rival has rows in the window.
-- The last line stands for one `answers` for each family and kind of sample that is asked for.
WITH question AS (
    SELECT q.*, date_trunc('second', now() - make_interval(secs => q.label_delay)) AS closes
    FROM unnest(%(id)s::int[], %(family)s::text[], %(model)s::text[], %(environment)s::text[], %(version)s::text[],
                %(length)s::float8[], %(label_delay)s::float8[], %(not_before)s::timestamptz[], %(baseline)s::text[],
                %(rival)s::text[], %(pairs)s::bool[], %(shared)s::bool[], %(positive)s::text[])
         AS q (id, family, model, environment, version, length, label_delay, not_before, baseline, rival, pairs, shared,
               positive)
), met AS (
    SELECT q.*, closes - make_interval(secs => length) AS opens
    FROM question q CROSS JOIN LATERAL (  -- LIMIT, not EXISTS: that would be planned as a join with the whole table
        SELECT FROM {calls} p
        WHERE p.model_name = q.model AND p.environment = q.environment AND p.model_version = q.rival
          AND p.predicted_at >= q.closes - make_interval(secs => q.length) AND p.predicted_at < q.closes
        LIMIT 1) there
    WHERE rival IS NOT NULL
), part AS (
    SELECT id, 'current' AS part, family, model, environment, label_delay, positive, version, NULL::text AS rival,
           not_before, NULL::text AS only_version, closes - make_interval(secs => length) AS opens, closes,
           NULL::timestamptz AS origin, NULL::float8 AS step
    FROM question
    UNION ALL
    SELECT id, 'baseline', family, model, environment, label_delay, positive, version, NULL, NULL, baseline,
           last.at - make_interval(secs => length), last.at + interval '1 microsecond', NULL, NULL
    FROM question CROSS JOIN LATERAL (
        SELECT max(p.predicted_at)::timestamptz AS at FROM {calls} p
        WHERE p.model_name = model AND p.environment = question.environment AND p.model_version = baseline
          AND p.role = 'live' AND p.predicted_at < closes AND p.predicted_at > closes - interval '90 days') last
    WHERE baseline IS NOT NULL AND last.at IS NOT NULL
    UNION ALL
    SELECT id, 'paired', family, model, environment, label_delay, positive, version, rival, not_before,
           NULL, opens, closes, NULL, NULL
    FROM met q CROSS JOIN LATERAL (
        SELECT FROM {calls} p
        WHERE p.model_name = q.model AND p.environment = q.environment AND p.model_version IN (q.version, q.rival)
          AND p.role = 'shadow' AND p.predicted_at >= q.opens AND p.predicted_at < q.closes
        LIMIT 1) there
    WHERE pairs
    UNION ALL
    SELECT id, 'concurrent', family, model, environment, label_delay, positive, version, rival, not_before,
           NULL, greatest(mine.first, theirs.first),
           least(mine.last, theirs.last) + interval '1 microsecond', opens, length / 24
    FROM met q CROSS JOIN LATERAL (
        SELECT min(p.predicted_at)::timestamptz AS first, max(p.predicted_at)::timestamptz AS last FROM {calls} p
        WHERE p.model_name = q.model AND p.environment = q.environment AND p.model_version = q.rival
          AND p.role IN ('live', 'holdback') AND p.predicted_at >= q.opens AND p.predicted_at < q.closes
    ) theirs CROSS JOIN LATERAL (
        SELECT min(p.predicted_at)::timestamptz AS first, max(p.predicted_at)::timestamptz AS last FROM {calls} p
        WHERE p.model_name = q.model AND p.environment = q.environment AND p.model_version = q.version
          AND p.role IN ('live', 'holdback') AND p.predicted_at >= greatest(q.opens, q.not_before)
          AND p.predicted_at < q.closes) mine
    WHERE shared AND theirs.first IS NOT NULL AND mine.first IS NOT NULL
)
[answers];

-- name: spans
-- Sum stretches of time in equal buckets: what a guard wants to know of one resource that is about to be rolled back.
WITH part AS (
    SELECT q.id, q.part, f.family, %(model)s::text AS model, %(environment)s::text AS environment,
           %(label_delay)s::float8 AS label_delay, %(positive)s::text AS positive, q.version, q.rival, q.not_before,
           CASE WHEN q.rival IS NULL THEN q.version END AS only_version,
           q.opens, q.closes, q.opens AS origin, q.step
    FROM unnest(%(id)s::int[], %(part)s::text[], %(version)s::text[], %(rival)s::text[], %(opens)s::timestamptz[],
                %(closes)s::timestamptz[], %(step)s::float8[], %(not_before)s::timestamptz[])
         AS q (id, part, version, rival, opens, closes, step, not_before)
    CROSS JOIN unnest(%(family)s::text[]) AS f (family)
)
[answers];

-- name: versions
-- Every version that made a live prediction within 90 days, the one seen last at the end.
SELECT model_version, count(*) AS predictions
FROM {calls} p
WHERE model_name = %(model)s AND environment = %(environment)s AND role = 'live'
  AND predicted_at > now() - interval '90 days'
GROUP BY model_version
ORDER BY max(predicted_at);

-- name: last_seen
-- When versions made their last live prediction within 90 days: one look at an index for each, and no row is read but
-- the last ones.
SELECT version, last.at FROM unnest(%(versions)s::text[]) AS asked (version) CROSS JOIN LATERAL (
    SELECT p.predicted_at::timestamptz AS at FROM {calls} p
    WHERE p.model_name = %(model)s AND p.environment = %(environment)s AND p.model_version = asked.version
      AND p.role = 'live' AND p.predicted_at > now() - interval '90 days'
    ORDER BY p.predicted_at DESC LIMIT 1) last;

-- name: settling
-- Seconds until the second that runs is over, where labels of predictions made in it are there already: windows end
-- with whole seconds, and rows just written should count.
SELECT extract(epoch FROM date_trunc('second', clock_timestamp()) + interval '1 second' - clock_timestamp())::float8
       AS seconds
FROM {predictions} p
WHERE model_name = %(model)s AND environment = %(environment)s AND (actual IS NOT NULL OR actual_class IS NOT NULL)
  AND predicted_at >= date_trunc('second', clock_timestamp()) AND predicted_at <= clock_timestamp()
LIMIT 1;

-- name: has_table
-- Whether a table or view is there.
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = %(schema)s AND c.relname = %(table)s) AS there;

-- name: registered
-- The registry's versions of a model, and which of them are archived.
SELECT model_version, archived
FROM {registry} v
WHERE model_name = %(model)s AND environment = %(environment)s
ORDER BY created_at;

-- name: record
-- Write one step of one change; written before, it stays as it was.
INSERT INTO modelward.audit (event_id, phase, at, cluster_uid, resource_uid, namespace, name, model_name, environment,
                             from_version, to_version, from_image, to_image, actor, reason, evidence)
VALUES (%(event)s, %(step)s, %(at)s, %(cluster)s, %(resource)s, %(namespace)s, %(name)s, %(model)s, %(environment)s,
        %(from_version)s, %(to_version)s, %(from_image)s, %(to_image)s, %(actor)s, %(reason)s, %(evidence)s)
ON CONFLICT DO NOTHING;

-- name: past
-- What put versions into quarantine, or took them out again, oldest first; the newest ten thousand are enough.
SELECT * FROM (
    SELECT namespace, name, model_name, environment, phase, event_id, at, from_version, to_version, audit_id,
           evidence ->> 'message' AS message
    FROM modelward.audit
    WHERE phase IN ('Patched', 'Cleared') AND namespace IS NOT NULL AND name IS NOT NULL
    ORDER BY at DESC, audit_id DESC
    LIMIT 10000) AS newest
ORDER BY at, audit_id;

-- name: claim
-- Say which ModelDeployments look after which models; what is said already stays as it is, with its time.
INSERT INTO modelward.managed AS m (model_name, environment, resource, cluster)
SELECT model, environment, resource, %(cluster)s
FROM unnest(%(model)s::text[], %(environment)s::text[], %(resource)s::text[]) AS c (model, environment, resource)
ON CONFLICT (model_name, environment) DO UPDATE
SET resource = EXCLUDED.resource, cluster = EXCLUDED.cluster, since = now()
WHERE (m.resource, m.cluster) IS DISTINCT FROM (EXCLUDED.resource, EXCLUDED.cluster);

-- name: release
-- Take back what was said of resources that are gone, or look after another model now; others' words stay.
DELETE FROM modelward.managed m
USING unnest(%(model)s::text[], %(environment)s::text[], %(resource)s::text[]) AS c (model, environment, resource)
WHERE m.model_name = c.model AND m.environment = c.environment AND m.resource = c.resource
  AND m.cluster = %(cluster)s;

-- name: sweep_claims
-- Clear away what this cluster said of resources that went while no operator ran.
DELETE FROM modelward.managed
WHERE cluster = %(cluster)s AND resource <> ALL (%(there)s::text[])
  AND (cardinality(%(namespaces)s::text[]) = 0 OR split_part(resource, '/', 1) = ANY (%(namespaces)s::text[]));
