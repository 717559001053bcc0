-- When did a version last answer? One look, however many rows came since: for the previous version's window, for
-- histories, and for what may be archived.

CREATE INDEX model_predictions_last_seen
    ON model_predictions (model_name, environment, model_version, predicted_at) WHERE role = 'live';
