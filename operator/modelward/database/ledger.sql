-- name: bounds
-- Bound every statement of this transaction, and look nowhere but in public: nothing here outlives the transaction.
SELECT set_config('statement_timeout', %(statement_timeout)s, true),
       set_config('lock_timeout', %(lock_timeout)s, true),
       set_config('search_path', 'pg_catalog, public, pg_temp', true);

-- name: models
-- Every model and environment of the registry.
SELECT model_name, environment FROM model_versions GROUP BY 1, 2 ORDER BY 1, 2;

-- name: predicted_models
-- Models that predict although the registry does not know them: one look at the index for each.
WITH RECURSIVE model AS (
    (SELECT model_name, environment FROM model_predictions ORDER BY 1, 2 LIMIT 1)
    UNION ALL
    SELECT later.model_name, later.environment
    FROM model, LATERAL (
        SELECT p.model_name, p.environment FROM model_predictions p
        WHERE (p.model_name, p.environment) > (model.model_name, model.environment)
        ORDER BY 1, 2 LIMIT 1) later
)
SELECT model_name, environment FROM model LIMIT 100;

-- name: book_versions
-- The registry's versions of a model.
SELECT v.model_version, v.created_at, v.promoted_at, v.archived_at, v.is_production, v.r2_score, v.rmse, v.size_bytes
FROM model_versions v
WHERE v.model_name = %(model)s AND v.environment = %(environment)s
ORDER BY coalesce(v.promoted_at, v.created_at), v.model_version;

-- name: moment
-- The database's clock: the transaction's time.
SELECT now() AS moment;

-- name: book_rollbacks
-- The rollbacks of a model that were carried out, each once, the newest last.
SELECT event_id, min(at) AS at, min(from_version) AS from_version, min(to_version) AS to_version,
       bool_and(evidence ->> 'automatic' IS DISTINCT FROM 'false') AS automatic, min(actor) AS actor,
       min(reason) AS reason, (array_agg(evidence ORDER BY audit_id))[1] AS evidence
FROM modelward.audit
WHERE model_name = %(model)s AND environment = %(environment)s AND phase IN ('Patched', 'Verified')
GROUP BY event_id
ORDER BY min(at), min(audit_id);

-- name: managed_by
-- The resource of a cluster that looks after a model, if any.
SELECT resource, cluster, since FROM modelward.managed
WHERE model_name = %(model)s AND environment = %(environment)s;

-- name: pulse
-- What answers, and as whom.
SELECT current_setting('server_version') AS version, current_database() AS database, session_user AS role,
       pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS read_only;

-- name: rights
-- Which rights the verbs need, and whether this user has them: by number, since names are refused without USAGE.
SELECT needed.privilege, needed.object,
       CASE needed.privilege
           WHEN 'USAGE' THEN has_schema_privilege(n.oid, 'USAGE')
           ELSE has_any_column_privilege(c.oid, needed.privilege) END AS granted,
       session_user AS role
FROM (VALUES ('SELECT', 'public', 'model_versions', 'model_versions'),
             ('SELECT', 'public', 'model_predictions', 'model_predictions'),
             ('UPDATE', 'public', 'model_versions', 'model_versions'),
             ('USAGE', 'modelward', NULL, 'SCHEMA modelward'),
             ('SELECT', 'modelward', 'audit', 'modelward.audit'),
             ('SELECT', 'modelward', 'managed', 'modelward.managed'),
             ('INSERT', 'modelward', 'audit', 'modelward.audit')) AS needed (privilege, schema, relation, object)
JOIN pg_namespace n ON n.nspname = needed.schema
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = needed.relation
WHERE needed.relation IS NULL OR c.oid IS NOT NULL;

-- name: lock_versions
-- Hold a model's rows of the registry until the transaction ends: two rollbacks at once come one after the other.
SELECT model_version FROM model_versions
WHERE model_name = %(model)s AND environment = %(environment)s
ORDER BY model_version
FOR UPDATE;

-- name: leave_production
-- Take the mark from the version in production: before another gets it, there must be none.
UPDATE model_versions SET is_production = false
WHERE model_name = %(model)s AND environment = %(environment)s AND is_production;

-- name: enter_production
-- Mark a version as the one in production, from now on.
UPDATE model_versions SET is_production = true, promoted_at = now()
WHERE model_name = %(model)s AND environment = %(environment)s AND model_version = %(to_version)s;

-- name: record_rollback
-- Write down who did what, when and why, in the transaction that does it.
INSERT INTO modelward.audit (event_id, phase, model_name, environment, from_version, to_version, actor, reason,
                             evidence)
VALUES (%(event_id)s, 'Verified', %(model)s, %(environment)s, %(from_version)s, %(to_version)s, %(actor)s,
        %(reason)s, %(evidence)s::jsonb);

-- name: find_rollback
-- Whether a rollback was carried out: asked after a connection broke in the middle of it.
SELECT at FROM modelward.audit WHERE event_id = %(event_id)s AND phase = 'Verified';

-- name: archive_versions
-- Mark versions as archived; never the one in production.
UPDATE model_versions SET archived_at = now()
WHERE model_name = %(model)s AND environment = %(environment)s AND model_version = ANY(%(versions)s)
  AND NOT is_production AND archived_at IS NULL
RETURNING model_version;

-- name: export_versions
-- The registry's rows of some versions, as JSON.
SELECT row_to_json(v)::text AS line FROM model_versions v
WHERE model_name = %(model)s AND environment = %(environment)s AND model_version = ANY(%(versions)s)
ORDER BY model_version;

-- name: export_predictions
-- All predictions of some versions, as JSON, one a row.
SELECT row_to_json(p)::text AS line FROM model_predictions p
WHERE model_name = %(model)s AND environment = %(environment)s AND model_version = ANY(%(versions)s)
ORDER BY predicted_at, request_id;

-- name: delete_predictions
-- Remove the predictions of versions whose export is safely in a file.
DELETE FROM model_predictions
WHERE model_name = %(model)s AND environment = %(environment)s AND model_version = ANY(%(versions)s);

-- name: restore_version
-- Put a version of an archive back into the registry, or only take its mark where its row is still there.
INSERT INTO model_versions
SELECT (json_populate_record(NULL::model_versions, %(line)s::json)).*
ON CONFLICT (model_name, environment, model_version) DO UPDATE SET archived_at = NULL;

-- name: restore_predictions
-- Put predictions of an archive back; those that are still there stay as they are.
INSERT INTO model_predictions
SELECT * FROM json_populate_recordset(NULL::model_predictions, %(lines)s::json)
ON CONFLICT DO NOTHING;

-- name: last_word
-- What was last seen of a version that a person had to know of: that it is degraded, or has recovered.
SELECT event_id AS event, reason, coalesce(evidence ->> 'after', '') AS after FROM modelward.audit
WHERE model_name = %(model)s AND environment = %(environment)s AND phase = 'Seen' AND from_version = %(version)s
  AND namespace IS NULL
ORDER BY at DESC, audit_id DESC LIMIT 1;

-- name: keep_notice
-- Write down what was seen, or who has heard of something; written before, it stays as it was.
INSERT INTO modelward.audit (event_id, phase, at, model_name, environment, from_version, to_version, actor, reason,
                             evidence)
VALUES (%(event_id)s, %(phase)s, coalesce(%(at)s::timestamptz, now()), %(model)s, %(environment)s, %(from_version)s,
        %(to_version)s, %(actor)s, %(reason)s, %(evidence)s::jsonb)
ON CONFLICT DO NOTHING;

-- name: untold
-- What was changed or seen within a day without a cluster, oldest first, and who has heard of each.
SELECT a.event_id AS event, a.phase, a.reason, a.at, a.from_version, a.to_version, a.actor, a.evidence,
       ARRAY(SELECT t.phase FROM modelward.audit t
             WHERE t.event_id = a.event_id AND starts_with(t.phase, %(told)s)) AS told
FROM modelward.audit a
WHERE a.model_name = %(model)s AND a.environment = %(environment)s AND a.phase IN ('Verified', 'Seen')
  AND a.namespace IS NULL AND a.at > now() - interval '24 hours'
ORDER BY a.at, a.audit_id;
