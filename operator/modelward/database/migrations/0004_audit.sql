-- What was changed, by whom and why: one row for each step of each change. The same step written twice is one row.

CREATE TABLE modelward.audit (
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
