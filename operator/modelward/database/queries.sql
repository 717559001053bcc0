-- name: settings
-- Bound every statement of this transaction, also behind a pooler: nothing here outlives the transaction.
SELECT set_config('statement_timeout', %(statement_timeout)s, true),
       set_config('lock_timeout', %(lock_timeout)s, true),
       set_config('jit', 'off', true),  -- compiling takes longer than these queries
       set_config('TimeZone', %(time_zone)s, true),  -- of columns that have none
       set_config('search_path', 'pg_catalog, public, pg_temp', true),
       pg_is_in_recovery() AS standby;

-- name: judge
-- Answer all questions of a group at once: one row for each question, part and version (the
-- version asked about first, then the busiest), with counts and centred sums.
-- A sample is one request: its earliest prediction and its latest actual that came within the label delay.
WITH question AS (
    SELECT q.*, date_trunc('second', now() - make_interval(secs => q.label_delay)) AS closes
    FROM unnest(%(id)s::int[], %(model)s::text[], %(environment)s::text[], %(version)s::text[], %(length)s::float8[],
                %(label_delay)s::float8[], %(not_before)s::timestamptz[], %(baseline)s::text[])
         AS q (id, model, environment, version, length, label_delay, not_before, baseline)
), part AS (
    SELECT id, 'current' AS part, model, environment, label_delay, not_before, version AS bounded,
           NULL::text AS only_version, closes - make_interval(secs => length) AS opens, closes
    FROM question
    UNION ALL
    SELECT id, 'baseline', model, environment, label_delay, NULL, NULL,
           baseline, last.at - make_interval(secs => length), last.at + interval '1 microsecond'
    FROM question CROSS JOIN LATERAL (
        SELECT max(p.predicted_at)::timestamptz AS at FROM {calls} p
        WHERE p.model_name = model AND p.environment = question.environment AND p.model_version = baseline
          AND p.role = 'live' AND p.predicted_at < closes AND p.predicted_at > closes - interval '90 days') last
    WHERE baseline IS NOT NULL AND last.at IS NOT NULL
)
SELECT part.id, part.part, part.opens, part.closes, now() AS moment, s.*
FROM part LEFT JOIN LATERAL (
    SELECT model_version,
           count(*) AS predictions,
           count(*) FILTER (WHERE NOT good_prediction) AS bad_predictions,
           count(*) FILTER (WHERE NOT good_label) AS bad_labels,
           count(e) AS n,
           coalesce(avg(y), 0) AS mean_y,
           coalesce(regr_syy(y, y), 0) AS m2_y,
           coalesce(sum(e), 0) AS sum_e,
           coalesce(sum(abs(e)), 0) AS sum_ae,
           coalesce(sum(e * e) FILTER (WHERE abs(e) > 1e-150), 0) AS sum_e2  -- a smaller square is an underflow error
    FROM (
        SELECT model_version,
               good_prediction,
               good_label,
               CASE WHEN good_prediction AND good_label THEN actual END AS y,
               CASE WHEN good_prediction AND good_label THEN prediction - actual END AS e
        FROM (
            SELECT model_version, prediction, actual,
                   prediction IS NOT NULL AND abs(prediction) < 1e150 AS good_prediction,  -- NaN is above every number
                   abs(actual) < 1e150 AS good_label                                       -- NULL: no label
            FROM (
                SELECT p.model_version,
                       (array_agg(p.prediction ORDER BY p.predicted_at))[1] AS prediction,
                       (array_agg(p.actual ORDER BY p.actual_at DESC NULLS LAST) FILTER (
                           WHERE p.actual IS NOT NULL AND (part.label_delay = 0 OR coalesce(p.actual_at, p.predicted_at)
                                 <= p.predicted_at::timestamptz + make_interval(secs => part.label_delay))))[1] AS actual
                FROM {predictions} p
                WHERE p.model_name = part.model AND p.environment = part.environment AND p.role = 'live'
                  AND p.predicted_at >= part.opens AND p.predicted_at < part.closes
                  AND (part.only_version IS NULL OR p.model_version = part.only_version)
                  AND (part.not_before IS NULL OR p.model_version <> part.bounded OR p.predicted_at >= part.not_before)
                GROUP BY p.model_version, p.request_id
            ) request
        ) checked
    ) sample
    GROUP BY model_version
    ORDER BY model_version = part.bounded DESC NULLS LAST, count(*) DESC
    LIMIT 20
) s ON true;

-- name: versions
-- Every version that made a live prediction within 90 days, the one seen last at the end.
SELECT model_version, count(*) AS predictions
FROM {calls} p
WHERE model_name = %(model)s AND environment = %(environment)s AND role = 'live'
  AND predicted_at > now() - interval '90 days'
GROUP BY model_version
ORDER BY max(predicted_at);

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
