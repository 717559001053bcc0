-- Tell listeners, in the writer's own transaction, that labels arrived: which model, and the newest prediction labelled.
-- A listener then judges at once instead of at its next interval; nothing is lost where nobody listens.

CREATE FUNCTION modelward.announce_labels() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('modelward', concat_ws(E'\x1f', model_name, environment, extract(epoch FROM max(predicted_at))))
    FROM fresh
    WHERE actual IS NOT NULL AND length(model_name) <= 253 AND length(environment) <= 63
    GROUP BY model_name, environment
    LIMIT 1000;
    RETURN NULL;
END
$$;

CREATE TRIGGER modelward_labels_inserted AFTER INSERT ON model_predictions
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION modelward.announce_labels();

CREATE TRIGGER modelward_labels_updated AFTER UPDATE ON model_predictions
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION modelward.announce_labels();
