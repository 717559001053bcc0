-- Who changed the version in production, when, from what to what, why, and on what numbers; and which models a cluster
-- looks after, so that nobody changes the registry behind its back. The same step written twice is one row.

CREATE TABLE IF NOT EXISTS modelward.audit (
    audit_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     text        NOT NULL,
    phase        text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    cluster_uid  uuid,
    resource_uid uuid,
    namespace    text,
    name         text,
    model_name   text        NOT NULL,
    environment  text        NOT NULL,
    from_version text,
    to_version   text,
    from_image   text,
    to_image     text,
    actor        text        NOT NULL,
    reason       text        NOT NULL,
    evidence     jsonb       NOT NULL,
    UNIQUE (event_id, phase)
);

CREATE INDEX IF NOT EXISTS audit_model ON modelward.audit (model_name, environment, at);

CREATE TABLE modelward.managed (
    model_name  text        NOT NULL,
    environment text        NOT NULL DEFAULT '',
    resource    text        NOT NULL,                        -- namespace/name of the ModelDeployment
    cluster     text        NOT NULL DEFAULT '',
    since       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (model_name, environment)
);
