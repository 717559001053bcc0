-- Announce the labels of classifiers too: what came true stands in actual, or in actual_class.

CREATE OR REPLACE FUNCTION modelward.announce_labels() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('modelward', concat_ws(E'\x1f', model_name, environment, extract(epoch FROM max(predicted_at))))
    FROM fresh
    WHERE (actual IS NOT NULL OR actual_class IS NOT NULL)
      AND length(model_name) <= 253 AND length(environment) <= 63
    GROUP BY model_name, environment
    LIMIT 1000;
    RETURN NULL;
END
$$;
