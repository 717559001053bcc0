-- name: settings
-- Bound every statement of this transaction, also behind a pooler: nothing here outlives the transaction.
SELECT set_config('statement_timeout', %(statement_timeout)s, true),
       set_config('lock_timeout', %(lock_timeout)s, true),
       set_config('jit', 'off', true),  -- compiling takes longer than these queries
       set_config('search_path', 'pg_catalog, public, pg_temp', true);

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
    FROM question q
    WHERE rival IS NOT NULL AND EXISTS (
        SELECT FROM model_predictions p
        WHERE p.model_name = q.model AND p.environment = q.environment AND p.model_version = q.rival
          AND p.predicted_at >= q.closes - make_interval(secs => q.length) AND p.predicted_at < q.closes)
), part AS (
    SELECT id, 'current' AS part, family, model, environment, label_delay, positive, version, NULL::text AS rival,
           not_before, ARRAY['live'] AS roles, NULL::text AS only_version,
           closes - make_interval(secs => length) AS opens, closes, NULL::timestamptz AS origin, NULL::float8 AS step
    FROM question
    UNION ALL
    SELECT id, 'baseline', family, model, environment, label_delay, positive, version, NULL, NULL, ARRAY['live'], baseline,
           last.at - make_interval(secs => length), last.at + interval '1 microsecond', NULL, NULL
    FROM question CROSS JOIN LATERAL (
        SELECT max(p.predicted_at) AS at FROM model_predictions p
        WHERE p.model_name = model AND p.environment = question.environment AND p.model_version = baseline
          AND p.role = 'live' AND p.predicted_at < closes AND p.predicted_at > closes - interval '90 days') last
    WHERE baseline IS NOT NULL AND last.at IS NOT NULL
    UNION ALL
    SELECT id, 'paired', family, model, environment, label_delay, positive, version, rival, not_before,
           ARRAY['live', 'shadow'], NULL, opens, closes, NULL, NULL
    FROM met WHERE pairs
    UNION ALL
    SELECT id, 'concurrent', family, model, environment, label_delay, positive, version, rival, not_before,
           ARRAY['live', 'holdback'], NULL, greatest(mine.first, theirs.first),
           least(mine.last, theirs.last) + interval '1 microsecond', opens, length / 24
    FROM met q CROSS JOIN LATERAL (
        SELECT min(p.predicted_at) AS first, max(p.predicted_at) AS last FROM model_predictions p
        WHERE p.model_name = q.model AND p.environment = q.environment AND p.model_version = q.rival
          AND p.role IN ('live', 'holdback') AND p.predicted_at >= q.opens AND p.predicted_at < q.closes
    ) theirs CROSS JOIN LATERAL (
        SELECT min(p.predicted_at) AS first, max(p.predicted_at) AS last FROM model_predictions p
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
           CASE q.part WHEN 'paired' THEN ARRAY['live', 'shadow'] WHEN 'concurrent' THEN ARRAY['live', 'holdback']
                       ELSE ARRAY['live'] END AS roles, CASE WHEN q.rival IS NULL THEN q.version END AS only_version,
           q.opens, q.closes, q.opens AS origin, q.step
    FROM unnest(%(id)s::int[], %(part)s::text[], %(version)s::text[], %(rival)s::text[], %(opens)s::timestamptz[],
                %(closes)s::timestamptz[], %(step)s::float8[], %(not_before)s::timestamptz[])
         AS q (id, part, version, rival, opens, closes, step, not_before)
    CROSS JOIN unnest(%(family)s::text[]) AS f (family)
)
[answers];

-- name: answers
-- The sums of all parts that want one family (`summed`) of one kind of sample.
SELECT part.id, part.part, part.family, part.opens, part.closes, now() AS moment, s.*
FROM part LEFT JOIN LATERAL (
    [summed]
    ORDER BY model_version = part.version DESC NULLS LAST, predictions DESC
    LIMIT CASE WHEN part.part = 'current' THEN 20 END
) s ON true
WHERE part.family = '[family]' AND (part.part = 'paired') = [paired]

-- name: samples
-- One row for each version and request: its earliest answer, and its latest truth that came within the label delay.
SELECT p.model_version,
       CASE WHEN part.step IS NULL THEN 0
            ELSE floor(extract(epoch FROM min(p.predicted_at) - part.origin) / part.step) END::int AS bucket,
       (array_agg(p.[answer] ORDER BY p.predicted_at))[1] AS answer,
       (array_agg(p.[truth] ORDER BY p.actual_at DESC NULLS LAST) FILTER (
           WHERE p.[truth] IS NOT NULL AND (part.label_delay = 0 OR coalesce(p.actual_at, p.predicted_at)
                 <= p.predicted_at + make_interval(secs => part.label_delay))))[1] AS truth
FROM model_predictions p
WHERE p.model_name = part.model AND p.environment = part.environment AND p.role = ANY (part.roles)
  AND p.predicted_at >= part.opens AND p.predicted_at < part.closes
  AND (part.only_version IS NULL OR p.model_version = part.only_version)
  AND (part.rival IS NULL OR p.model_version IN (part.version, part.rival))
  AND (part.not_before IS NULL OR p.model_version <> part.version OR p.predicted_at >= part.not_before)
GROUP BY p.model_version, p.request_id

-- name: pairs
-- Two rows for each request that both versions answered, one of them live and the other in the shadow. The truth is
-- the request's; where one of the two answers is not fit to be judged, neither is.
SELECT side.model_version, pair.bucket, side.answer,
       CASE WHEN [fit_mine] AND [fit_theirs] THEN pair.truth END AS truth
FROM (
    SELECT CASE WHEN part.step IS NULL THEN 0
                ELSE floor(extract(epoch FROM min(p.predicted_at) - part.origin) / part.step) END::int AS bucket,
           (array_agg(p.[answer] ORDER BY p.predicted_at) FILTER (WHERE p.model_version = part.version))[1] AS mine,
           (array_agg(p.[answer] ORDER BY p.predicted_at) FILTER (WHERE p.model_version = part.rival))[1] AS theirs,
           (array_agg(p.[truth] ORDER BY p.actual_at DESC NULLS LAST) FILTER (
               WHERE p.[truth] IS NOT NULL AND (part.label_delay = 0 OR coalesce(p.actual_at, p.predicted_at)
                     <= p.predicted_at + make_interval(secs => part.label_delay))))[1] AS truth
    FROM model_predictions p
    WHERE p.model_name = part.model AND p.environment = part.environment AND p.role = ANY (part.roles)
      AND p.predicted_at >= part.opens AND p.predicted_at < part.closes
      AND p.model_version IN (part.version, part.rival)
      AND (part.not_before IS NULL OR p.model_version <> part.version OR p.predicted_at >= part.not_before)
    GROUP BY p.request_id
    HAVING bool_or(p.model_version = part.version AND p.role = 'live')
               AND bool_or(p.model_version = part.rival AND p.role = 'shadow')
        OR bool_or(p.model_version = part.version AND p.role = 'shadow')
               AND bool_or(p.model_version = part.rival AND p.role = 'live')
) pair CROSS JOIN LATERAL (VALUES (part.version, pair.mine), (part.rival, pair.theirs)) side (model_version, answer)

-- name: regression
-- Sums of numbers held against numbers, in the order of the fields of Sums.
SELECT model_version, bucket,
       count(*) AS predictions,
       count(*) FILTER (WHERE NOT good_answer) AS bad_predictions,
       count(*) FILTER (WHERE NOT good_truth) AS bad_labels,
       count(e) AS n,
       ARRAY[coalesce(avg(y), 0),
             coalesce(regr_syy(y, y), 0),
             coalesce(sum(e), 0),
             coalesce(sum(abs(e)), 0),
             coalesce(sum(e * e) FILTER (WHERE abs(e) > 1e-150), 0),  -- a smaller square is an underflow error
             count(y) FILTER (WHERE y <> 0),
             coalesce(sum(abs(e) / greatest(abs(y), 2.220446049250313e-16))
                      FILTER (WHERE y <> 0 AND abs(e) > 1e-150), 0),
             coalesce(sum(abs(y)), 0)]::float8[] AS sums
FROM (
    SELECT model_version, bucket, good_answer, good_truth,
           CASE WHEN good_answer AND good_truth THEN truth END AS y,
           CASE WHEN good_answer AND good_truth THEN answer - truth END AS e
    FROM (
        SELECT s.*, answer IS NOT NULL AND abs(answer) < 1e150 AS good_answer,  -- NaN is above every number
               abs(truth) < 1e150 AS good_truth                                 -- NULL: no label
        FROM ([samples]) s
    ) checked
) sample
GROUP BY model_version, bucket

-- name: labels
-- Counts of classes held against classes, in the order of the fields of Labels.
SELECT model_version, bucket,
       count(*) AS predictions,
       count(*) FILTER (WHERE answer IS NULL) AS bad_predictions,
       0::bigint AS bad_labels,
       count(truth) FILTER (WHERE answer IS NOT NULL) AS n,
       ARRAY[count(*) FILTER (WHERE answer = truth),
             count(*) FILTER (WHERE answer = part.positive AND truth = part.positive),
             count(truth) FILTER (WHERE answer = part.positive),
             count(answer) FILTER (WHERE truth = part.positive)]::float8[] AS sums
FROM ([samples]) sample
GROUP BY model_version, bucket

-- name: scores
-- Sums of probabilities held against classes: positives, log loss, Brier; then, for the bins that hold a row, their
-- numbers, positives, negatives, lowest and highest scores, one array behind the other.
SELECT model_version, bucket,
       sum(predictions)::bigint AS predictions,
       sum(bad_predictions)::bigint AS bad_predictions,
       0::bigint AS bad_labels,
       coalesce(sum(n) FILTER (WHERE bin IS NOT NULL), 0)::bigint AS n,
       ARRAY[coalesce(sum(positives), 0), coalesce(sum(log_loss), 0), coalesce(sum(brier), 0)]::float8[]
           || (array_agg(bin ORDER BY bin) FILTER (WHERE bin IS NOT NULL))::float8[]
           || (array_agg(positives ORDER BY bin) FILTER (WHERE bin IS NOT NULL))::float8[]
           || (array_agg(n - positives ORDER BY bin) FILTER (WHERE bin IS NOT NULL))::float8[]
           || array_agg(low ORDER BY bin) FILTER (WHERE bin IS NOT NULL)
           || array_agg(high ORDER BY bin) FILTER (WHERE bin IS NOT NULL) AS sums
FROM (
    SELECT model_version, bucket, bin,
           count(*) AS predictions,
           count(*) FILTER (WHERE NOT good_answer) AS bad_predictions,
           count(bin) AS n,
           count(bin) FILTER (WHERE positive) AS positives,
           sum(-ln(greatest(least(CASE WHEN positive THEN answer ELSE 1 - answer END, 1 - 2.220446049250313e-16),
                            2.220446049250313e-16))) FILTER (WHERE bin IS NOT NULL) AS log_loss,
           sum(d * d) FILTER (WHERE abs(d) > 1e-150) AS brier,  -- a smaller square is an underflow error
           min(answer) FILTER (WHERE bin IS NOT NULL) AS low,
           max(answer) FILTER (WHERE bin IS NOT NULL) AS high
    FROM (
        SELECT checked.*,
               CASE WHEN good_answer AND truth IS NOT NULL
                    THEN least(floor(asin(sqrt(answer)) * 2 / pi() * 256), 255) END AS bin,
               CASE WHEN good_answer AND truth IS NOT NULL THEN answer - positive::int END AS d
        FROM (
            SELECT s.*, coalesce(answer >= 0 AND answer <= 1, false) AS good_answer, truth = part.positive AS positive
            FROM ([samples]) s
        ) checked
    ) sample
    GROUP BY model_version, bucket, bin
) bins
GROUP BY model_version, bucket

-- name: versions
-- Every version that made a live prediction within 90 days, the one seen last at the end.
SELECT model_version, count(*) AS predictions
FROM model_predictions
WHERE model_name = %(model)s AND environment = %(environment)s AND role = 'live'
  AND predicted_at > now() - interval '90 days'
GROUP BY model_version
ORDER BY max(predicted_at);

-- name: has_registry
-- Whether the optional table of versions is there.
SELECT to_regclass('model_versions') IS NOT NULL;

-- name: registered
-- The registry's versions of a model, and which of them are archived.
SELECT model_version, archived_at IS NOT NULL AS archived
FROM model_versions
WHERE model_name = %(model)s AND environment = %(environment)s
ORDER BY created_at;
