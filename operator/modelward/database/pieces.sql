-- What the statements `judge` and `spans` of queries.sql are put together from; another piece stands in square brackets.

-- name: answers
-- The sums of all parts that want one family (`summed`) of one kind of sample.
SELECT part.id, part.part, part.family, part.opens, part.closes, now() AS moment, s.*
FROM part LEFT JOIN LATERAL (
    [summed]
    ORDER BY model_version = part.version DESC NULLS LAST, predictions DESC
    LIMIT CASE WHEN part.part = 'current' THEN 20 END
) s ON true
WHERE part.family = '[family]' AND part.part [parts]

-- name: samples
-- One row for each version and request: its earliest answer, and its latest truth that came within the label delay.
SELECT p.model_version,
       [bucket] AS bucket,
       min(p.predicted_at)::timestamptz AS asked,
       (array_agg(p.[answer] ORDER BY p.predicted_at))[1] AS answer,
       (array_agg(p.[truth] ORDER BY p.actual_at DESC NULLS LAST) FILTER (
           WHERE p.[truth] IS NOT NULL AND (part.label_delay = 0 OR coalesce(p.actual_at, p.predicted_at)
                 <= p.predicted_at::timestamptz + make_interval(secs => part.label_delay))))[1] AS truth
FROM {predictions} p
WHERE p.model_name = part.model AND p.environment = part.environment AND [whose]
  AND p.predicted_at >= part.opens AND p.predicted_at < part.closes
  AND (part.not_before IS NULL OR p.model_version <> part.version OR p.predicted_at >= part.not_before)
GROUP BY p.model_version, p.request_id

-- name: whose_live
-- The live rows of one version, or of all.
p.role = 'live' AND (part.only_version IS NULL OR p.model_version = part.only_version)

-- name: whose_shared
-- The rows of both versions that were answers to real traffic.
p.role IN ('live', 'holdback') AND p.model_version IN (part.version, part.rival)

-- name: bucket
-- The bucket of time in which a request was first answered.
floor(extract(epoch FROM min(p.predicted_at)::timestamptz - part.origin) / part.step)::int

-- name: relative
-- What only MAPE and WAPE are made of.
count(y) FILTER (WHERE y <> 0),
             coalesce(sum(abs(e) / greatest(abs(y), 2.220446049250313e-16))
                      FILTER (WHERE y <> 0 AND abs(e) > 1e-150), 0),
             coalesce(sum(abs(y)), 0)

-- name: pairs
-- Two rows for each request that both versions answered, one of them live and the other in the shadow. The truth is
-- the request's; where one of the two answers is not fit to be judged, neither is.
SELECT side.model_version, pair.bucket, pair.asked, side.answer,
       CASE WHEN [fit_mine] AND [fit_theirs] THEN pair.truth END AS truth
FROM (
    SELECT [bucket] AS bucket,
           min(p.predicted_at)::timestamptz AS asked,
           (array_agg(p.[answer] ORDER BY p.predicted_at) FILTER (WHERE p.model_version = part.version))[1] AS mine,
           (array_agg(p.[answer] ORDER BY p.predicted_at) FILTER (WHERE p.model_version = part.rival))[1] AS theirs,
           (array_agg(p.[truth] ORDER BY p.actual_at DESC NULLS LAST) FILTER (
               WHERE p.[truth] IS NOT NULL AND (part.label_delay = 0 OR coalesce(p.actual_at, p.predicted_at)
                     <= p.predicted_at::timestamptz + make_interval(secs => part.label_delay))))[1] AS truth
    FROM {predictions} p
    WHERE p.model_name = part.model AND p.environment = part.environment AND p.role IN ('live', 'shadow')
      AND p.model_version IN (part.version, part.rival)
      AND p.predicted_at >= part.opens AND p.predicted_at < part.closes
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
       max(asked) FILTER (WHERE e IS NOT NULL) AS newest_label,
       ARRAY[coalesce(avg(y), 0),
             coalesce(regr_syy(y, y), 0),
             coalesce(sum(e), 0),
             coalesce(sum(abs(e)), 0),
             coalesce(sum(e * e) FILTER (WHERE abs(e) > 1e-150), 0),  -- a smaller square is an underflow error
             [relative]]::float8[] AS sums
FROM (
    SELECT model_version, bucket, asked, good_answer, good_truth,
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
       max(asked) FILTER (WHERE answer IS NOT NULL AND truth IS NOT NULL) AS newest_label,
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
       max(newest_label) AS newest_label,
       ARRAY[coalesce(sum(positives), 0), coalesce(sum(log_loss), 0), coalesce(sum(brier), 0)]::float8[]
           || (array_agg(bin ORDER BY bin) FILTER (WHERE bin IS NOT NULL))::float8[]
           || (array_agg(positives ORDER BY bin) FILTER (WHERE bin IS NOT NULL))::float8[]
           || (array_agg(n - positives ORDER BY bin) FILTER (WHERE bin IS NOT NULL))::float8[]
           || (array_agg(low ORDER BY bin) FILTER (WHERE bin IS NOT NULL))::float8[]
           || (array_agg(high ORDER BY bin) FILTER (WHERE bin IS NOT NULL))::float8[] AS sums
FROM (
    SELECT model_version, bucket, bin,
           count(*) AS predictions,
           count(*) FILTER (WHERE NOT good_answer) AS bad_predictions,
           count(bin) AS n,
           max(asked) FILTER (WHERE bin IS NOT NULL) AS newest_label,
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
