-- Which models a cluster looks after, so that nobody changes the registry behind its back; and the audit of one model,
-- found without reading that of all the others.

CREATE INDEX audit_model ON modelward.audit (model_name, environment, at);

CREATE TABLE modelward.managed (
    model_name  text        NOT NULL,
    environment text        NOT NULL DEFAULT '',
    resource    text        NOT NULL,                        -- namespace/name of the ModelDeployment
    cluster     text        NOT NULL DEFAULT '',
    since       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (model_name, environment)
);
