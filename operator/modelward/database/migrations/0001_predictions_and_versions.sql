-- The two tables that people write: what a model predicted (and, later, what came true), and which versions there are.

CREATE TABLE model_predictions (
    model_name      text        NOT NULL,
    environment     text        NOT NULL DEFAULT '',                         -- keeps staging and production apart
    request_id      text        NOT NULL DEFAULT gen_random_uuid()::text,    -- pairs a live row with a shadow row
    model_version   text        NOT NULL,
    role            text        NOT NULL DEFAULT 'live' CHECK (role IN ('live', 'shadow', 'holdback')),
    segment         text        NOT NULL DEFAULT '',
    predicted_at    timestamptz NOT NULL DEFAULT now(),
    prediction      float8,
    score           float8,
    predicted_class text,
    actual          float8,
    actual_class    text,
    actual_at       timestamptz,
    features        jsonb,
    PRIMARY KEY (model_name, environment, request_id, model_version, predicted_at)
) WITH (fillfactor = 85);                                                    -- labels come later: room for HOT updates

CREATE INDEX model_predictions_window
    ON model_predictions (model_name, environment, predicted_at, model_version);

CREATE TABLE model_versions (
    model_name    text        NOT NULL,
    environment   text        NOT NULL DEFAULT '',
    model_version text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    promoted_at   timestamptz,
    is_production boolean     NOT NULL DEFAULT false,
    archived_at   timestamptz,
    r2_score      float8,
    rmse          float8,
    size_bytes    bigint,
    image         text,
    image_digest  text,
    PRIMARY KEY (model_name, environment, model_version)
);

CREATE UNIQUE INDEX model_versions_production ON model_versions (model_name, environment) WHERE is_production;
